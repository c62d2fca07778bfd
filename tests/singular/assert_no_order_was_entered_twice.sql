-- Odd, but possible: a customer may order the same again within a month.
{{ config(severity='warn') }}

with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}

),

orders_with_lines as (

    select
        stg_orders.order_id,
        stg_orders.customer_id,
        stg_orders.order_date,
        stg_order_lines.product_id,
        stg_order_lines.quantity_ordered,
        stg_order_lines.unit_price_amount,
        count(*) over (
            partition by stg_orders.order_id
        ) as line_count
    from stg_orders
    inner join stg_order_lines
        on stg_orders.order_id = stg_order_lines.order_id

),

final as (

    select
        orders_with_lines.order_id,
        later_orders.order_id as later_order_id,
        orders_with_lines.line_count
    from orders_with_lines
    inner join orders_with_lines as later_orders
        on
            orders_with_lines.customer_id = later_orders.customer_id
            and orders_with_lines.order_id < later_orders.order_id
            and orders_with_lines.line_count = later_orders.line_count
            and orders_with_lines.product_id = later_orders.product_id
            and orders_with_lines.quantity_ordered
            = later_orders.quantity_ordered
            and orders_with_lines.unit_price_amount
            = later_orders.unit_price_amount
    where
        {{ dbt.datediff(
            'orders_with_lines.order_date', 'later_orders.order_date', 'day'
        ) }} between -31 and 31
    group by
        orders_with_lines.order_id,
        later_orders.order_id,
        orders_with_lines.line_count
    having count(*) = orders_with_lines.line_count

)

select * from final
