-- What sold in the last 30 days by product line and region, against the 30 days
-- before? The last 30 days end on the as-of date, not today.
with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

dim_locations as (

    select * from {{ ref('dim_locations') }}

),

sales_by_period as (

    select
        dim_products.product_line,
        dim_locations.region,
        sum(
            case
                when dim_dates.days_before_as_of_date < 30
                    then fct_order_lines.net_sales_amount
                else 0
            end
        ) as net_sales_amount,
        sum(
            case
                when dim_dates.days_before_as_of_date >= 30
                    then fct_order_lines.net_sales_amount
                else 0
            end
        ) as previous_net_sales_amount
    from fct_order_lines
    left join dim_dates
        on fct_order_lines.order_date_key = dim_dates.date_key
    left join dim_products
        on fct_order_lines.product_key = dim_products.product_key
    left join dim_locations
        on fct_order_lines.location_key = dim_locations.location_key
    where
        dim_dates.days_before_as_of_date >= 0
        and dim_dates.days_before_as_of_date < 60
    group by
        dim_products.product_line,
        dim_locations.region

),

final as (

    select
        sales_by_period.product_line,
        sales_by_period.region,
        sales_by_period.net_sales_amount,
        sales_by_period.previous_net_sales_amount,
        sales_by_period.net_sales_amount
        - sales_by_period.previous_net_sales_amount as net_sales_change_amount
    from sales_by_period

)

select * from final
order by
    net_sales_change_amount desc,
    product_line asc,
    region asc
