-- Odd, but possible: the date may be typed in before the status is changed.
{{ config(severity='warn') }}

with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

-- A cancelled order may have left or not.
final as (

    select
        stg_orders.order_id,
        stg_orders.order_status,
        stg_orders.shipped_date
    from stg_orders
    inner join order_statuses
        on stg_orders.order_status = order_statuses.order_status
    where
        (order_statuses.is_shipped and not stg_orders.has_shipped_date)
        or (order_statuses.is_open and stg_orders.has_shipped_date)

)

select * from final
