{{ config(
    materialized=(
        'incremental'
        if var('only_changes', false) and target.type != 'spark' else 'table'
    ),
    incremental_strategy='changed_content',
    unique_key='order_id',
    on_schema_change='fail',
    post_hook='{{ remember_content() }}',
) }}
{%- set unknown_key = surrogate_key(['null']) -%}
with

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}
    {{ where_changed() }}

),

stg_products as (

    select * from {{ ref('stg_products') }}

),

int_orders as (

    select * from {{ ref('int_orders') }}
    {{ where_changed() }}

),

products as (

    select
        stg_products.product_id,
        {{ surrogate_key(['stg_products.product_id']) }}
            as product_key,
        stg_products.unit_cost_amount,
        stg_products.msrp_amount
    from stg_products

),

priced_lines as (

    select
        stg_order_lines.order_id,
        stg_order_lines.order_line_number,
        products.product_key,
        stg_order_lines.quantity_ordered,
        stg_order_lines.unit_price_amount,
        products.unit_cost_amount,
        products.msrp_amount,
        cast(
            stg_order_lines.quantity_ordered * stg_order_lines.unit_price_amount
            as decimal(18, 2)
        ) as ordered_amount,
        cast(
            stg_order_lines.quantity_ordered * products.unit_cost_amount
            as decimal(18, 2)
        ) as cost_amount,
        cast(
            stg_order_lines.quantity_ordered
            * (products.msrp_amount - stg_order_lines.unit_price_amount)
            as decimal(18, 2)
        ) as msrp_discount_amount
    from stg_order_lines
    left join products
        on stg_order_lines.product_id = products.product_id

),

-- A line whose order is lost stays, and counts, with the Unknown member in
-- every key.
final as (

    select
        coalesce(int_orders.order_date_key, -1) as order_date_key,
        coalesce(int_orders.required_date_key, -1) as required_date_key,
        coalesce(int_orders.shipped_date_key, -1) as shipped_date_key,
        coalesce(int_orders.customer_key, {{ unknown_key }}) as customer_key,
        coalesce(
            int_orders.customer_version_key,
            {{ surrogate_key(['null', 'null']) }}
        ) as customer_version_key,
        coalesce(priced_lines.product_key, {{ unknown_key }}) as product_key,
        coalesce(int_orders.sales_rep_employee_key, {{ unknown_key }})
            as sales_rep_employee_key,
        coalesce(int_orders.office_key, {{ unknown_key }}) as office_key,
        coalesce(
            int_orders.location_key,
            {{ surrogate_key(
                ['null', 'null', 'null', 'null']
            ) }}
        ) as location_key,
        coalesce(int_orders.order_status_key, {{ unknown_key }})
            as order_status_key,
        priced_lines.order_id,
        priced_lines.order_line_number,
        priced_lines.quantity_ordered,
        priced_lines.unit_price_amount,
        priced_lines.unit_cost_amount,
        priced_lines.msrp_amount,
        priced_lines.ordered_amount,
        cast(
            case
                when int_orders.counts_as_net_sales is false
                    then priced_lines.ordered_amount
                else 0
            end as decimal(18, 2)
        ) as cancelled_amount,
        cast(
            case
                when int_orders.counts_as_net_sales is false then 0
                else priced_lines.ordered_amount
            end as decimal(18, 2)
        ) as net_sales_amount,
        priced_lines.cost_amount,
        cast(
            case
                when int_orders.counts_as_net_sales is false then 0
                else priced_lines.cost_amount
            end as decimal(18, 2)
        ) as net_cost_amount,
        cast(
            priced_lines.ordered_amount - priced_lines.cost_amount
            as decimal(18, 2)
        ) as margin_amount,
        cast(
            case
                when int_orders.counts_as_net_sales is false then 0
                else priced_lines.ordered_amount - priced_lines.cost_amount
            end as decimal(18, 2)
        ) as net_margin_amount,
        priced_lines.msrp_discount_amount
    from priced_lines
    left join int_orders
        on priced_lines.order_id = int_orders.order_id

)

select * from final
