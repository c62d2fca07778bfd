-- Odd, but possible: the retailer may pause, or add an order of today to the
-- sample of 2003 to 2005. But it moves the day on which open orders are judged.
{{ config(severity='warn') }}

with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

stg_payments as (

    select * from {{ ref('stg_payments') }}

),

business_days as (

    select stg_orders.order_date as date_day from stg_orders

    union

    select stg_payments.payment_date as date_day from stg_payments

),

days_with_day_before as (

    select
        business_days.date_day,
        lag(business_days.date_day) over (
            order by business_days.date_day
        ) as day_before
    from business_days

),

final as (

    select
        days_with_day_before.date_day,
        days_with_day_before.day_before
    from days_with_day_before
    where
        {{ dbt.datediff(
            'days_with_day_before.day_before',
            'days_with_day_before.date_day',
            'day',
        ) }} > 5 * 366

)

select * from final
