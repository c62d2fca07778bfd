with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

-- A product stands once in an order.
sales_by_product as (

    select
        dim_products.product_key,
        {{ sales_totals('fct_order_lines', [
            'ordered_amount', 'cancelled_amount', 'net_sales_amount',
            'cost_amount', 'net_cost_amount', 'margin_amount',
            'net_margin_amount', 'msrp_discount_amount',
        ], is_order_repeated=false) }}
    from dim_products
    left join fct_order_lines
        on dim_products.product_key = fct_order_lines.product_key
    group by dim_products.product_key

),

-- A product without orders stays; Unknown appears only if it has orders.
final as (

    select
        sales_by_product.product_key,
        dim_products.product_id,
        dim_products.product_name,
        dim_products.product_line,
        dim_products.product_vendor,
        dim_products.product_scale,
        sales_by_product.order_count > 0 as is_ever_ordered,
        cast(
            row_number() over (
                order by
                    sales_by_product.net_margin_amount desc,
                    dim_products.product_id asc nulls last
            ) as bigint
        ) as net_margin_rank,
        dim_products.unit_cost_amount,
        dim_products.msrp_amount,
        dim_products.list_margin_pct,
        dim_products.quantity_in_stock,
        sales_by_product.quantity_ordered,
        sales_by_product.order_count,
        sales_by_product.ordered_amount,
        sales_by_product.cancelled_amount,
        sales_by_product.net_sales_amount,
        sales_by_product.cost_amount,
        sales_by_product.net_cost_amount,
        sales_by_product.margin_amount,
        sales_by_product.net_margin_amount,
        {{ ratio(
            'sales_by_product.net_margin_amount',
            'sales_by_product.net_sales_amount',
        ) }} as net_margin_pct,
        sales_by_product.msrp_discount_amount,
        {{ ratio(
            'sales_by_product.msrp_discount_amount',
            '(sales_by_product.ordered_amount'
            ~ ' + sales_by_product.msrp_discount_amount)',
        ) }} as msrp_discount_pct
    from sales_by_product
    inner join dim_products
        on sales_by_product.product_key = dim_products.product_key
    where
        dim_products.product_id is not null
        or sales_by_product.order_count > 0

)

select * from final
