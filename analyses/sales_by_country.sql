-- How are sales distributed over countries, and how many of the best countries
-- make up 80 % of them?
with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_locations as (

    select * from {{ ref('dim_locations') }}

),

sales_by_country as (

    select
        dim_locations.region,
        dim_locations.country_name,
        count(distinct fct_order_lines.customer_key) as customer_count,
        count(distinct fct_order_lines.order_id) as order_count,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount
    from fct_order_lines
    left join dim_locations
        on fct_order_lines.location_key = dim_locations.location_key
    group by
        dim_locations.region,
        dim_locations.country_name

),

final as (

    select
        sales_by_country.region,
        sales_by_country.country_name,
        sales_by_country.customer_count,
        sales_by_country.order_count,
        sales_by_country.net_sales_amount,
        {{ ratio(
            'sales_by_country.net_sales_amount',
            'sum(sales_by_country.net_sales_amount) over ()',
        ) }} as net_sales_share_pct,
        {{ ratio(
            'sum(sales_by_country.net_sales_amount) over ('
            ~ 'order by sales_by_country.net_sales_amount desc,'
            ~ ' sales_by_country.country_name)',
            'sum(sales_by_country.net_sales_amount) over ()',
        ) }} as running_share_pct
    from sales_by_country

)

select * from final
order by
    net_sales_amount desc,
    country_name asc
