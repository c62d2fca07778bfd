with

stg_customers as (

    select * from {{ ref('stg_customers') }}

),

stg_employees as (

    select * from {{ ref('stg_employees') }}

),

stg_offices as (

    select * from {{ ref('stg_offices') }}

),

countries as (

    select * from {{ ref('countries') }}

),

-- The office in Tokyo serves the neighbours of Japan as well.
areas as (

    select
        countries.country_name,
        case
            when countries.region = 'Japan' then 'APAC' else countries.region
        end as area_name
    from countries

),

customers_compared as (

    select
        count(*) as customer_count,
        sum(
            case
                when customer_areas.area_name != office_areas.area_name then 1
                else 0
            end
        ) as far_customer_count
    from stg_customers
    inner join stg_employees
        on stg_customers.sales_rep_employee_id = stg_employees.employee_id
    inner join stg_offices
        on stg_employees.office_id = stg_offices.office_id
    inner join areas as customer_areas
        on stg_customers.country_name = customer_areas.country_name
    inner join areas as office_areas
        on stg_offices.country_name = office_areas.country_name

),

-- In the sample none is far. A few may be: somebody fills in for a colleague.
final as (

    select *
    from customers_compared
    where far_customer_count > 3 + customer_count * 0.1

)

select * from final
