-- Odd, but possible: a number was assigned to an abandoned order.
{{ config(severity='warn') }}

with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

orders_with_next as (

    select
        stg_orders.order_id,
        lead(stg_orders.order_id) over (
            order by stg_orders.order_id
        ) as next_order_id
    from stg_orders

),

final as (

    select
        order_id + 1 as first_missing_order_id,
        next_order_id - 1 as last_missing_order_id
    from orders_with_next
    where next_order_id - 1 > order_id

)

select * from final
