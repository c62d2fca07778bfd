with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

sales_by_product as (

    select
        fct_order_lines.product_key,
        sum(fct_order_lines.quantity_ordered) as quantity_ordered,
        count(distinct fct_order_lines.order_id) as order_count,
        sum(fct_order_lines.ordered_amount) as ordered_amount,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        sum(fct_order_lines.net_cost_amount) as net_cost_amount,
        sum(fct_order_lines.margin_amount) as margin_amount,
        sum(fct_order_lines.net_margin_amount) as net_margin_amount,
        sum(fct_order_lines.msrp_discount_amount) as msrp_discount_amount
    from fct_order_lines
    group by fct_order_lines.product_key

),

-- A product without orders stays; Unknown shows only when a line hangs on it.
products_with_sales as (

    select
        dim_products.product_key,
        dim_products.product_id,
        dim_products.product_name,
        dim_products.product_line,
        dim_products.product_vendor,
        dim_products.product_scale,
        dim_products.unit_cost_amount,
        dim_products.msrp_amount,
        dim_products.list_margin_pct,
        sales_by_product.product_key is not null as is_ever_ordered,
        coalesce(sales_by_product.quantity_ordered, 0) as quantity_ordered,
        coalesce(sales_by_product.order_count, 0) as order_count,
        coalesce(sales_by_product.ordered_amount, 0) as ordered_amount,
        coalesce(sales_by_product.net_sales_amount, 0) as net_sales_amount,
        coalesce(sales_by_product.net_cost_amount, 0) as net_cost_amount,
        coalesce(sales_by_product.margin_amount, 0) as margin_amount,
        coalesce(sales_by_product.net_margin_amount, 0) as net_margin_amount,
        coalesce(sales_by_product.msrp_discount_amount, 0)
            as msrp_discount_amount
    from dim_products
    left join sales_by_product
        on dim_products.product_key = sales_by_product.product_key
    where
        dim_products.product_id is not null
        or sales_by_product.product_key is not null

),

final as (

    select
        products_with_sales.product_key,
        products_with_sales.product_id,
        products_with_sales.product_name,
        products_with_sales.product_line,
        products_with_sales.product_vendor,
        products_with_sales.product_scale,
        products_with_sales.is_ever_ordered,
        cast(
            row_number() over (
                order by
                    products_with_sales.net_margin_amount desc,
                    products_with_sales.product_id asc nulls last
            ) as bigint
        ) as net_margin_rank,
        products_with_sales.unit_cost_amount,
        products_with_sales.msrp_amount,
        products_with_sales.list_margin_pct,
        cast(products_with_sales.quantity_ordered as bigint)
            as quantity_ordered,
        cast(products_with_sales.order_count as bigint) as order_count,
        cast(products_with_sales.ordered_amount as decimal(18, 2))
            as ordered_amount,
        cast(products_with_sales.net_sales_amount as decimal(18, 2))
            as net_sales_amount,
        cast(products_with_sales.net_cost_amount as decimal(18, 2))
            as net_cost_amount,
        cast(products_with_sales.margin_amount as decimal(18, 2))
            as margin_amount,
        cast(products_with_sales.net_margin_amount as decimal(18, 2))
            as net_margin_amount,
        {{ ratio(
            'products_with_sales.net_margin_amount',
            'products_with_sales.net_sales_amount',
        ) }} as net_margin_pct,
        cast(products_with_sales.msrp_discount_amount as decimal(18, 2))
            as msrp_discount_amount,
        {{ ratio(
            'products_with_sales.msrp_discount_amount',
            '(products_with_sales.ordered_amount'
            ~ ' + products_with_sales.msrp_discount_amount)',
        ) }} as msrp_discount_pct
    from products_with_sales

)

select * from final
