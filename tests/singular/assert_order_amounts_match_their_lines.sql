with

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

lines_by_order as (

    select
        fct_order_lines.order_id,
        count(*) as line_count,
        sum(fct_order_lines.quantity_ordered) as quantity_ordered,
        sum(fct_order_lines.ordered_amount) as ordered_amount,
        sum(fct_order_lines.cancelled_amount) as cancelled_amount,
        sum(fct_order_lines.cost_amount) as cost_amount
    from fct_order_lines
    group by fct_order_lines.order_id

),

final as (

    select
        fct_orders.order_id,
        fct_orders.line_count,
        fct_orders.ordered_amount,
        lines_by_order.ordered_amount as ordered_amount_of_lines
    from fct_orders
    left join lines_by_order on fct_orders.order_id = lines_by_order.order_id
    where
        fct_orders.line_count != coalesce(lines_by_order.line_count, 0)
        or fct_orders.quantity_ordered
        != coalesce(lines_by_order.quantity_ordered, 0)
        or fct_orders.ordered_amount
        != coalesce(lines_by_order.ordered_amount, 0)
        or fct_orders.cancelled_amount
        != coalesce(lines_by_order.cancelled_amount, 0)
        or fct_orders.cost_amount != coalesce(lines_by_order.cost_amount, 0)

)

select * from final
