with

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}

),

stg_products as (

    select * from {{ ref('stg_products') }}

),

-- Real prices lie between 0.8 (but for cents) and 1.0 of the MSRP. The band is
-- wider because the MSRP is today's, yet narrow enough for a decimal point that
-- slipped and for a price that was doubled or taken for the whole line.
final as (

    select
        stg_order_lines.order_id,
        stg_order_lines.order_line_number,
        stg_order_lines.unit_price_amount,
        stg_products.msrp_amount
    from stg_order_lines
    inner join stg_products
        on stg_order_lines.product_id = stg_products.product_id
    where
        stg_order_lines.unit_price_amount < stg_products.msrp_amount * 0.5
        or stg_order_lines.unit_price_amount > stg_products.msrp_amount * 1.5

)

select * from final
