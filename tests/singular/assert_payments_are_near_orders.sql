with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}

),

stg_payments as (

    select * from {{ ref('stg_payments') }}

),

ordered_by_customer as (

    select
        stg_orders.customer_id,
        sum(
            stg_order_lines.quantity_ordered * stg_order_lines.unit_price_amount
        ) as ordered_amount
    from stg_orders
    inner join stg_order_lines
        on stg_orders.order_id = stg_order_lines.order_id
    group by stg_orders.customer_id

),

paid_by_customer as (

    select
        stg_payments.customer_id,
        sum(stg_payments.payment_amount) as paid_amount
    from stg_payments
    group by stg_payments.customer_id

),

final as (

    select
        paid_by_customer.customer_id,
        paid_by_customer.paid_amount,
        ordered_by_customer.ordered_amount
    from paid_by_customer
    inner join ordered_by_customer
        on paid_by_customer.customer_id = ordered_by_customer.customer_id
    -- No customer of the sample has paid more than was ordered. Half as much
    -- again leaves room for paying ahead, but not for a slipped decimal point.
    where
        paid_by_customer.paid_amount > ordered_by_customer.ordered_amount * 1.5

)

select * from final
