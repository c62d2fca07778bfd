with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

sales_by_product_line as (

    select
        dim_products.product_line,
        count(distinct dim_products.product_id) as product_count,
        count(distinct fct_order_lines.customer_key) as customer_count,
        {{ sales_totals('fct_order_lines') }}
    from dim_products
    left join fct_order_lines
        on dim_products.product_key = fct_order_lines.product_key
    group by dim_products.product_line

),

-- A line without orders stays; Unknown appears only if it has orders.
final as (

    select
        sales_by_product_line.product_line,
        cast(
            row_number() over (
                order by
                    sales_by_product_line.net_sales_amount desc,
                    sales_by_product_line.product_line asc
            ) as bigint
        ) as net_sales_rank,
        sales_by_product_line.product_count,
        sales_by_product_line.quantity_ordered,
        sales_by_product_line.order_count,
        sales_by_product_line.customer_count,
        sales_by_product_line.ordered_amount,
        sales_by_product_line.cancelled_amount,
        sales_by_product_line.net_sales_amount,
        sales_by_product_line.cost_amount,
        sales_by_product_line.margin_amount,
        sales_by_product_line.net_margin_amount,
        {{ ratio(
            'sales_by_product_line.net_margin_amount',
            'sales_by_product_line.net_sales_amount',
        ) }} as net_margin_pct,
        {{ ratio(
            'sales_by_product_line.net_sales_amount',
            'sum(sales_by_product_line.net_sales_amount) over ()',
        ) }} as net_sales_share_pct
    from sales_by_product_line
    where
        sales_by_product_line.product_count > 0
        or sales_by_product_line.order_count > 0

)

select * from final
