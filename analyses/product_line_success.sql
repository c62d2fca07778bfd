-- Which product lines are most successful, and does that change by year?
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

final as (

    select
        dim_dates.year_number,
        dim_products.product_line,
        count(distinct fct_order_lines.order_id) as order_count,
        sum(fct_order_lines.quantity_ordered) as quantity_ordered,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        {{ ratio(
            'sum(fct_order_lines.net_margin_amount)',
            'sum(fct_order_lines.net_sales_amount)',
        ) }} as net_margin_pct,
        {{ ratio(
            'sum(fct_order_lines.net_sales_amount)',
            'sum(sum(fct_order_lines.net_sales_amount))'
            ~ ' over (partition by dim_dates.year_number)',
        ) }} as net_sales_share_pct
    from fct_order_lines
    left join dim_dates
        on fct_order_lines.order_date_key = dim_dates.date_key
    left join dim_products
        on fct_order_lines.product_key = dim_products.product_key
    group by
        dim_dates.year_number,
        dim_products.product_line

)

select * from final
order by
    year_number asc,
    net_sales_amount desc,
    product_line asc
