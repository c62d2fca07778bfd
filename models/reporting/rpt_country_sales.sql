with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_locations as (

    select * from {{ ref('dim_locations') }}

),

dim_customers as (

    select * from {{ ref('dim_customers') }}

),

countries as (

    select
        dim_locations.country_name,
        dim_locations.country_alpha_2,
        dim_locations.country_alpha_3,
        dim_locations.region,
        dim_locations.latitude,
        dim_locations.longitude,
        count(dim_customers.customer_id) as registered_customer_count
    from dim_locations
    left join dim_customers
        on dim_locations.location_key = dim_customers.location_key
    group by
        dim_locations.country_name,
        dim_locations.country_alpha_2,
        dim_locations.country_alpha_3,
        dim_locations.region,
        dim_locations.latitude,
        dim_locations.longitude

),

sales_by_country as (

    select
        dim_locations.country_name,
        sum(fct_order_lines.quantity_ordered) as quantity_ordered,
        count(distinct fct_order_lines.order_id) as order_count,
        count(distinct fct_order_lines.customer_key) as customer_count,
        sum(fct_order_lines.ordered_amount) as ordered_amount,
        sum(fct_order_lines.cancelled_amount) as cancelled_amount,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        sum(fct_order_lines.net_margin_amount) as net_margin_amount
    from fct_order_lines
    left join dim_locations
        on fct_order_lines.location_key = dim_locations.location_key
    group by dim_locations.country_name

),

-- Drops the countries that have an office but no customer.
countries_with_sales as (

    select
        countries.country_name,
        countries.country_alpha_2,
        countries.country_alpha_3,
        countries.region,
        countries.latitude,
        countries.longitude,
        countries.registered_customer_count,
        coalesce(sales_by_country.quantity_ordered, 0) as quantity_ordered,
        coalesce(sales_by_country.order_count, 0) as order_count,
        coalesce(sales_by_country.customer_count, 0) as customer_count,
        coalesce(sales_by_country.ordered_amount, 0) as ordered_amount,
        coalesce(sales_by_country.cancelled_amount, 0) as cancelled_amount,
        coalesce(sales_by_country.net_sales_amount, 0) as net_sales_amount,
        coalesce(sales_by_country.net_margin_amount, 0) as net_margin_amount
    from countries
    left join sales_by_country
        on countries.country_name = sales_by_country.country_name
    where
        countries.registered_customer_count > 0
        or sales_by_country.order_count > 0

),

final as (

    select
        countries_with_sales.country_name,
        countries_with_sales.country_alpha_2,
        countries_with_sales.country_alpha_3,
        countries_with_sales.region,
        countries_with_sales.latitude,
        countries_with_sales.longitude,
        cast(
            row_number() over (
                order by
                    countries_with_sales.net_sales_amount desc,
                    countries_with_sales.country_name asc
            ) as bigint
        ) as net_sales_rank,
        cast(countries_with_sales.registered_customer_count as bigint)
            as registered_customer_count,
        cast(countries_with_sales.quantity_ordered as bigint)
            as quantity_ordered,
        cast(countries_with_sales.order_count as bigint) as order_count,
        cast(countries_with_sales.customer_count as bigint) as customer_count,
        cast(countries_with_sales.ordered_amount as decimal(18, 2))
            as ordered_amount,
        cast(countries_with_sales.cancelled_amount as decimal(18, 2))
            as cancelled_amount,
        cast(countries_with_sales.net_sales_amount as decimal(18, 2))
            as net_sales_amount,
        cast(countries_with_sales.net_margin_amount as decimal(18, 2))
            as net_margin_amount,
        {{ ratio(
            'countries_with_sales.net_margin_amount',
            'countries_with_sales.net_sales_amount',
        ) }} as net_margin_pct,
        {{ ratio(
            'countries_with_sales.net_sales_amount',
            'sum(countries_with_sales.net_sales_amount) over ()',
        ) }} as net_sales_share_pct
    from countries_with_sales

)

select * from final
