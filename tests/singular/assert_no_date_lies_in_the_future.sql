with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

stg_payments as (

    select * from {{ ref('stg_payments') }}

),

business_days as (

    select
        'order' as business_event,
        stg_orders.order_date as date_day
    from stg_orders

    union all

    select
        'shipment' as business_event,
        stg_orders.shipped_date as date_day
    from stg_orders

    union all

    select
        'payment' as business_event,
        stg_payments.payment_date as date_day
    from stg_payments

),

-- It is tomorrow already where the sun rises first.
final as (

    select
        business_days.business_event,
        business_days.date_day
    from business_days
    where
        business_days.date_day > {{ dbt.dateadd(
            'day', 1, 'cast(' ~ dbt.current_timestamp() ~ ' as date)'
        ) }}

)

select * from final
