-- Odd, but possible: a model is sold off, or its list price was changed since.
{{ config(severity='warn') }}

with

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}

),

stg_products as (

    select * from {{ ref('stg_products') }}

),

final as (

    select
        stg_order_lines.order_id,
        stg_order_lines.order_line_number,
        stg_order_lines.unit_price_amount,
        stg_products.unit_cost_amount,
        stg_products.msrp_amount
    from stg_order_lines
    inner join stg_products
        on stg_order_lines.product_id = stg_products.product_id
    where
        stg_order_lines.unit_price_amount < stg_products.unit_cost_amount
        or stg_order_lines.unit_price_amount > stg_products.msrp_amount

)

select * from final
