with

stg_customers as (

    select * from {{ ref('stg_customers') }}

),

countries as (

    select * from {{ ref('countries') }}

),

known_customers as (

    select
        stg_customers.customer_id,
        stg_customers.customer_name,
        {{ mask_name('stg_customers.contact_first_name') }}
            as contact_first_name,
        {{ mask_name('stg_customers.contact_last_name') }} as contact_last_name,
        {{ mask_text('stg_customers.phone') }} as phone,
        {{ mask_text('stg_customers.address_line_1') }} as address_line_1,
        {{ mask_text('stg_customers.address_line_2') }} as address_line_2,
        stg_customers.city,
        stg_customers.state,
        stg_customers.postal_code,
        stg_customers.country_name,
        coalesce(countries.region, 'Unknown') as region,
        stg_customers.sales_rep_employee_id,
        stg_customers.has_sales_rep,
        stg_customers.credit_limit_amount
    from stg_customers
    left join countries
        on stg_customers.country_name = countries.country_name

),

unknown_member as (

    select
        cast(null as integer) as customer_id,
        'Unknown' as customer_name,
        'Unknown' as contact_first_name,
        'Unknown' as contact_last_name,
        'Unknown' as phone,
        'Unknown' as address_line_1,
        'Unknown' as address_line_2,
        cast(null as {{ dbt.type_string() }}) as city,
        cast(null as {{ dbt.type_string() }}) as state,
        cast(null as {{ dbt.type_string() }}) as postal_code,
        cast(null as {{ dbt.type_string() }}) as country_name,
        'Unknown' as region,
        cast(null as integer) as sales_rep_employee_id,
        false as has_sales_rep,
        cast(null as decimal(10, 2)) as credit_limit_amount

),

all_members as (

    select * from known_customers

    union all

    select * from unknown_member

),

final as (

    select
        {{ surrogate_key(['all_members.customer_id']) }}
            as customer_key,
        {{ surrogate_key([
            'all_members.sales_rep_employee_id',
        ]) }} as sales_rep_employee_key,
        {{ location_key('all_members') }} as location_key,
        all_members.customer_id,
        all_members.customer_name,
        all_members.contact_first_name,
        all_members.contact_last_name,
        all_members.phone,
        all_members.address_line_1,
        all_members.address_line_2,
        coalesce(all_members.city, 'Unknown') as city,
        all_members.state,
        all_members.postal_code,
        coalesce(all_members.country_name, 'Unknown') as country_name,
        all_members.region,
        all_members.has_sales_rep,
        all_members.credit_limit_amount
    from all_members

)

select * from final
