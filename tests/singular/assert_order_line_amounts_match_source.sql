with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}

),

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

stg_products as (

    select * from {{ ref('stg_products') }}

),

fact_totals as (

    select
        sum(fct_order_lines.cancelled_amount) as cancelled_amount,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        sum(fct_order_lines.cost_amount) as cost_amount,
        sum(fct_order_lines.net_cost_amount) as net_cost_amount,
        sum(fct_order_lines.margin_amount) as margin_amount,
        sum(fct_order_lines.net_margin_amount) as net_margin_amount,
        sum(fct_order_lines.msrp_discount_amount) as msrp_discount_amount
    from fct_order_lines

),

source_lines as (

    select
        stg_order_lines.quantity_ordered as units,
        stg_order_lines.unit_price_amount as price,
        stg_products.unit_cost_amount as unit_cost,
        stg_products.msrp_amount as msrp,
        case when stg_orders.order_status = 'Cancelled' then 0 else 1 end
            as is_net
    from stg_order_lines
    left join stg_orders on stg_order_lines.order_id = stg_orders.order_id
    left join stg_products
        on stg_order_lines.product_id = stg_products.product_id

),

source_totals as (

    select
        sum(units * price * (1 - is_net)) as cancelled_amount,
        sum(units * price * is_net) as net_sales_amount,
        sum(units * unit_cost) as cost_amount,
        sum(units * unit_cost * is_net) as net_cost_amount,
        sum(units * (price - unit_cost)) as margin_amount,
        sum(units * (price - unit_cost) * is_net) as net_margin_amount,
        sum(units * (msrp - price)) as msrp_discount_amount
    from source_lines

),

final as (

    select
        fact_totals.*,
        source_totals.net_sales_amount as source_net_sales_amount,
        source_totals.cost_amount as source_cost_amount
    from fact_totals
    cross join source_totals
    where
        fact_totals.cancelled_amount != source_totals.cancelled_amount
        or fact_totals.net_sales_amount != source_totals.net_sales_amount
        or fact_totals.cost_amount != source_totals.cost_amount
        or fact_totals.net_cost_amount != source_totals.net_cost_amount
        or fact_totals.margin_amount != source_totals.margin_amount
        or fact_totals.net_margin_amount != source_totals.net_margin_amount
        or fact_totals.msrp_discount_amount
        != source_totals.msrp_discount_amount

)

select * from final
