-- Which ten products earn the most, and how far below list are they sold?
with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

final as (

    select
        dim_products.product_id,
        dim_products.product_name,
        dim_products.product_line,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        sum(fct_order_lines.net_margin_amount) as net_margin_amount,
        {{ ratio(
            'sum(fct_order_lines.net_margin_amount)',
            'sum(fct_order_lines.net_sales_amount)',
        ) }} as net_margin_pct,
        {{ ratio(
            'sum(fct_order_lines.msrp_discount_amount)',
            'sum(fct_order_lines.ordered_amount'
            ~ ' + fct_order_lines.msrp_discount_amount)',
        ) }} as msrp_discount_pct
    from fct_order_lines
    left join dim_products
        on fct_order_lines.product_key = dim_products.product_key
    group by
        dim_products.product_id,
        dim_products.product_name,
        dim_products.product_line

)

select * from final
order by
    net_margin_amount desc,
    product_id asc
limit 10
