-- Odd, but possible: a customer may pay ahead.
{{ config(severity='warn') }}

with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

stg_payments as (

    select * from {{ ref('stg_payments') }}

),

first_orders as (

    select
        stg_orders.customer_id,
        min(stg_orders.order_date) as first_order_date
    from stg_orders
    group by stg_orders.customer_id

),

final as (

    select
        stg_payments.customer_id,
        stg_payments.check_number,
        stg_payments.payment_date,
        first_orders.first_order_date
    from stg_payments
    left join first_orders
        on stg_payments.customer_id = first_orders.customer_id
    where
        first_orders.customer_id is null
        or stg_payments.payment_date < first_orders.first_order_date

)

select * from final
