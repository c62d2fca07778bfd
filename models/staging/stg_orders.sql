with

raw_orders as (

    select * from {{ ref('raw_orders') }}

),

final as (

    select
        raw_orders.orderNumber as order_id,
        raw_orders.customerNumber as customer_id,
        {{ clean_text('raw_orders.status') }} as order_status,
        raw_orders.shippedDate is not null as has_shipped_date,
        raw_orders.orderDate as order_date,
        raw_orders.requiredDate as required_date,
        raw_orders.shippedDate as shipped_date
    from raw_orders

)

select * from final
