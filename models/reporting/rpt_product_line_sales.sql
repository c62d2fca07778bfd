with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

product_lines as (

    select
        dim_products.product_line,
        count(dim_products.product_id) as product_count
    from dim_products
    group by dim_products.product_line

),

sales_by_product_line as (

    select
        dim_products.product_line,
        sum(fct_order_lines.quantity_ordered) as quantity_ordered,
        count(distinct fct_order_lines.order_id) as order_count,
        count(distinct fct_order_lines.customer_key) as customer_count,
        sum(fct_order_lines.ordered_amount) as ordered_amount,
        sum(fct_order_lines.cancelled_amount) as cancelled_amount,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        sum(fct_order_lines.margin_amount) as margin_amount,
        sum(fct_order_lines.net_margin_amount) as net_margin_amount
    from fct_order_lines
    left join dim_products
        on fct_order_lines.product_key = dim_products.product_key
    group by dim_products.product_line

),

-- A line without orders stays; Unknown shows only when something hangs on it.
product_lines_with_sales as (

    select
        product_lines.product_line,
        product_lines.product_count,
        coalesce(sales_by_product_line.quantity_ordered, 0)
            as quantity_ordered,
        coalesce(sales_by_product_line.order_count, 0) as order_count,
        coalesce(sales_by_product_line.customer_count, 0) as customer_count,
        coalesce(sales_by_product_line.ordered_amount, 0) as ordered_amount,
        coalesce(sales_by_product_line.cancelled_amount, 0)
            as cancelled_amount,
        coalesce(sales_by_product_line.net_sales_amount, 0)
            as net_sales_amount,
        coalesce(sales_by_product_line.margin_amount, 0) as margin_amount,
        coalesce(sales_by_product_line.net_margin_amount, 0)
            as net_margin_amount
    from product_lines
    left join sales_by_product_line
        on product_lines.product_line = sales_by_product_line.product_line
    where
        product_lines.product_count > 0
        or sales_by_product_line.order_count > 0

),

final as (

    select
        product_lines_with_sales.product_line,
        cast(
            row_number() over (
                order by
                    product_lines_with_sales.net_sales_amount desc,
                    product_lines_with_sales.product_line asc
            ) as bigint
        ) as net_sales_rank,
        cast(product_lines_with_sales.product_count as bigint)
            as product_count,
        cast(product_lines_with_sales.quantity_ordered as bigint)
            as quantity_ordered,
        cast(product_lines_with_sales.order_count as bigint) as order_count,
        cast(product_lines_with_sales.customer_count as bigint)
            as customer_count,
        cast(product_lines_with_sales.ordered_amount as decimal(18, 2))
            as ordered_amount,
        cast(product_lines_with_sales.cancelled_amount as decimal(18, 2))
            as cancelled_amount,
        cast(product_lines_with_sales.net_sales_amount as decimal(18, 2))
            as net_sales_amount,
        cast(product_lines_with_sales.margin_amount as decimal(18, 2))
            as margin_amount,
        cast(product_lines_with_sales.net_margin_amount as decimal(18, 2))
            as net_margin_amount,
        {{ ratio(
            'product_lines_with_sales.net_margin_amount',
            'product_lines_with_sales.net_sales_amount',
        ) }} as net_margin_pct,
        {{ ratio(
            'product_lines_with_sales.net_sales_amount',
            'sum(product_lines_with_sales.net_sales_amount) over ()',
        ) }} as net_sales_share_pct
    from product_lines_with_sales

)

select * from final
