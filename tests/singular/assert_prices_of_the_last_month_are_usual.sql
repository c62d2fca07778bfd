-- Odd, but possible: a sale, or a new price list.
{{ config(severity='warn') }}

with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}

),

stg_products as (

    select * from {{ ref('stg_products') }}

),

last_month as (

    select
        {{ dbt.date_trunc('month', 'max(stg_orders.order_date)') }}
            as first_day
    from stg_orders

),

lines_of_last_month as (

    select
        count(*) as line_count,
        avg(stg_order_lines.unit_price_amount / stg_products.msrp_amount)
            as price_per_msrp
    from stg_order_lines
    inner join stg_orders
        on stg_order_lines.order_id = stg_orders.order_id
    inner join stg_products
        on stg_order_lines.product_id = stg_products.product_id
    inner join last_month
        on stg_orders.order_date >= last_month.first_day

),

-- In each month of the sample the mean is between 0.889 and 0.918. Fewer than
-- 20 lines may well differ.
final as (

    select *
    from lines_of_last_month
    where
        line_count >= 20
        and price_per_msrp not between 0.85 and 0.96

)

select * from final
