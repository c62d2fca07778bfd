with

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}

),

stg_products as (

    select * from {{ ref('stg_products') }}

),

-- Real prices are between 0.8 (give or take a cent) and 1.0 of the MSRP. The
-- band is wider because the MSRP is today's, yet narrow enough to catch a
-- slipped decimal point, a doubled price or the price of a whole line.
lines_with_msrp as (

    select
        stg_order_lines.order_id,
        stg_order_lines.order_line_number,
        stg_order_lines.product_id,
        stg_order_lines.unit_price_amount,
        stg_products.msrp_amount,
        stg_order_lines.unit_price_amount < stg_products.msrp_amount * 0.5
        or stg_order_lines.unit_price_amount > stg_products.msrp_amount * 1.5
            as is_far_from_msrp
    from stg_order_lines
    inner join stg_products
        on stg_order_lines.product_id = stg_products.product_id

),

usual_prices as (

    select
        stg_order_lines.product_id,
        count(*) as line_count,
        percentile_cont(0.5) within group (
            order by stg_order_lines.unit_price_amount
        ) as median_price_amount
    from stg_order_lines
    group by stg_order_lines.product_id

),

all_lines as (

    select avg(case when is_far_from_msrp then 1.0 else 0.0 end) as far_share
    from lines_with_msrp

),

-- A new price list moves the MSRP of a product away from all prices it was sold
-- at: these are near each other then. A handful of lines says nothing, and a
-- list that moves away from a tenth of all lines is wrong itself.
final as (

    select
        lines_with_msrp.order_id,
        lines_with_msrp.order_line_number,
        lines_with_msrp.unit_price_amount,
        lines_with_msrp.msrp_amount,
        usual_prices.median_price_amount
    from lines_with_msrp
    inner join usual_prices
        on lines_with_msrp.product_id = usual_prices.product_id
    cross join all_lines
    where
        lines_with_msrp.is_far_from_msrp
        and (
            usual_prices.line_count <= 5
            or lines_with_msrp.unit_price_amount
            not between usual_prices.median_price_amount * 0.5
            and usual_prices.median_price_amount * 1.5
            or all_lines.far_share > 0.1
        )

)

select * from final
