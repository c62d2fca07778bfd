with

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

dim_locations as (

    select * from {{ ref('dim_locations') }}

),

dim_customers as (

    select * from {{ ref('dim_customers') }}

),

customers_by_country as (

    select
        dim_locations.country_name,
        count(dim_customers.customer_id) as registered_customer_count
    from dim_customers
    left join dim_locations
        on dim_customers.location_key = dim_locations.location_key
    group by dim_locations.country_name

),

countries as (

    select distinct
        dim_locations.country_name,
        dim_locations.country_alpha_2,
        dim_locations.country_alpha_3,
        dim_locations.region,
        dim_locations.latitude,
        dim_locations.longitude
    from dim_locations

),

sales_by_country as (

    select
        dim_locations.country_name,
        count(distinct fct_orders.customer_key) as customer_count,
        {{ sales_totals('fct_orders', is_order_repeated=false) }}
    from dim_locations
    left join fct_orders
        on dim_locations.location_key = fct_orders.location_key
    group by dim_locations.country_name

),

-- Drops the countries that have an office but no customer.
final as (

    select
        sales_by_country.country_name,
        countries.country_alpha_2,
        countries.country_alpha_3,
        countries.region,
        countries.latitude,
        countries.longitude,
        cast(
            row_number() over (
                order by
                    sales_by_country.net_sales_amount desc,
                    sales_by_country.country_name asc
            ) as bigint
        ) as net_sales_rank,
        coalesce(customers_by_country.registered_customer_count, 0)
            as registered_customer_count,
        sales_by_country.quantity_ordered,
        sales_by_country.order_count,
        sales_by_country.customer_count,
        sales_by_country.ordered_amount,
        sales_by_country.cancelled_amount,
        sales_by_country.net_sales_amount,
        sales_by_country.cost_amount,
        sales_by_country.margin_amount,
        sales_by_country.net_margin_amount,
        {{ ratio(
            'sales_by_country.net_margin_amount',
            'sales_by_country.net_sales_amount',
        ) }} as net_margin_pct,
        {{ ratio(
            'sales_by_country.net_sales_amount',
            'sum(sales_by_country.net_sales_amount) over ()',
        ) }} as net_sales_share_pct
    from sales_by_country
    inner join countries
        on sales_by_country.country_name = countries.country_name
    left join customers_by_country
        on sales_by_country.country_name = customers_by_country.country_name
    where
        customers_by_country.registered_customer_count > 0
        or sales_by_country.order_count > 0

)

select * from final
