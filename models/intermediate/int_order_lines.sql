with

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}

),

int_orders as (

    select * from {{ ref('int_orders') }}

),

stg_products as (

    select * from {{ ref('stg_products') }}

),

priced_lines as (

    select
        stg_order_lines.order_id,
        stg_order_lines.order_line_number,
        stg_order_lines.product_id,
        stg_order_lines.quantity_ordered,
        stg_order_lines.unit_price_amount,
        stg_products.unit_cost_amount,
        stg_products.msrp_amount,
        cast(
            stg_order_lines.quantity_ordered * stg_order_lines.unit_price_amount
            as decimal(18, 2)
        ) as ordered_amount,
        cast(
            stg_order_lines.quantity_ordered * stg_products.unit_cost_amount
            as decimal(18, 2)
        ) as cost_amount,
        cast(
            stg_order_lines.quantity_ordered
            * (stg_products.msrp_amount - stg_order_lines.unit_price_amount)
            as decimal(18, 2)
        ) as msrp_discount_amount,
        case
            when not int_orders.counts_as_net_sales then 0 else 1
        end as net_sales_factor
    from stg_order_lines
    left join int_orders
        on stg_order_lines.order_id = int_orders.order_id
    left join stg_products
        on stg_order_lines.product_id = stg_products.product_id

),

final as (

    select
        priced_lines.order_id,
        priced_lines.order_line_number,
        priced_lines.product_id,
        priced_lines.quantity_ordered,
        priced_lines.unit_price_amount,
        priced_lines.unit_cost_amount,
        priced_lines.msrp_amount,
        priced_lines.ordered_amount,
        cast(
            priced_lines.ordered_amount * (1 - priced_lines.net_sales_factor)
            as decimal(18, 2)
        ) as cancelled_amount,
        cast(
            priced_lines.ordered_amount * priced_lines.net_sales_factor
            as decimal(18, 2)
        ) as net_sales_amount,
        priced_lines.cost_amount,
        cast(
            priced_lines.cost_amount * priced_lines.net_sales_factor
            as decimal(18, 2)
        ) as net_cost_amount,
        cast(
            priced_lines.ordered_amount - priced_lines.cost_amount
            as decimal(18, 2)
        ) as margin_amount,
        cast(
            (priced_lines.ordered_amount - priced_lines.cost_amount)
            * priced_lines.net_sales_factor
            as decimal(18, 2)
        ) as net_margin_amount,
        priced_lines.msrp_discount_amount
    from priced_lines

)

select * from final
