with

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_offices as (

    select * from {{ ref('dim_offices') }}

),

sales_by_office_and_year as (

    select
        dim_offices.office_key,
        dim_dates.year_number,
        min(dim_dates.days_before_as_of_date) >= 0 as is_complete_year,
        count(distinct fct_orders.customer_key) as customer_count,
        {{ sales_totals('fct_orders', is_order_repeated=false) }}
    from dim_offices
    cross join dim_dates
    left join fct_orders
        on
            dim_offices.office_key = fct_orders.office_key
            and dim_dates.date_key = fct_orders.order_date_key
    group by
        dim_offices.office_key,
        dim_dates.year_number

),

year_bounds as (

    select
        min(sales_by_office_and_year.year_number) as first_year,
        max(sales_by_office_and_year.year_number) as last_year
    from sales_by_office_and_year
    where sales_by_office_and_year.order_count > 0

),

-- Every office in every year; Unknown only in a year when it has orders.
final as (

    select
        sales_by_office_and_year.office_key,
        dim_offices.office_id,
        dim_offices.city as office_city,
        dim_offices.country_name as office_country_name,
        dim_offices.region as office_region,
        sales_by_office_and_year.year_number,
        sales_by_office_and_year.is_complete_year,
        sales_by_office_and_year.quantity_ordered,
        sales_by_office_and_year.order_count,
        sales_by_office_and_year.customer_count,
        sales_by_office_and_year.ordered_amount,
        sales_by_office_and_year.cancelled_amount,
        sales_by_office_and_year.net_sales_amount,
        sales_by_office_and_year.cost_amount,
        sales_by_office_and_year.margin_amount,
        sales_by_office_and_year.net_margin_amount,
        {{ ratio(
            'sales_by_office_and_year.net_margin_amount',
            'sales_by_office_and_year.net_sales_amount',
        ) }} as net_margin_pct,
        {{ ratio(
            'sales_by_office_and_year.net_sales_amount',
            'sum(sales_by_office_and_year.net_sales_amount)'
            ~ ' over (partition by sales_by_office_and_year.year_number)',
        ) }} as net_sales_share_pct
    from sales_by_office_and_year
    inner join dim_offices
        on sales_by_office_and_year.office_key = dim_offices.office_key
    inner join year_bounds
        on
            sales_by_office_and_year.year_number >= year_bounds.first_year
            and sales_by_office_and_year.year_number <= year_bounds.last_year
    where
        dim_offices.office_id is not null
        or sales_by_office_and_year.order_count > 0

)

select * from final
