{%- set unknown_key = dbt_utils.generate_surrogate_key(['null']) -%}
with

int_order_lines as (

    select * from {{ ref('int_order_lines') }}

),

int_orders as (

    select * from {{ ref('int_orders') }}

),

-- A line whose order is lost stays, with the Unknown member in every key.
final as (

    select
        {{ dbt_utils.generate_surrogate_key([
            'int_order_lines.order_id',
            'int_order_lines.order_line_number',
        ]) }} as order_line_key,
        coalesce(int_orders.order_date_key, -1) as order_date_key,
        coalesce(int_orders.required_date_key, -1) as required_date_key,
        coalesce(int_orders.shipped_date_key, -1) as shipped_date_key,
        coalesce(int_orders.customer_key, {{ unknown_key }}) as customer_key,
        coalesce(
            int_orders.customer_version_key,
            {{ dbt_utils.generate_surrogate_key(['null', 'null']) }}
        ) as customer_version_key,
        {{ dbt_utils.generate_surrogate_key(['int_order_lines.product_id']) }}
            as product_key,
        coalesce(int_orders.sales_rep_employee_key, {{ unknown_key }})
            as sales_rep_employee_key,
        coalesce(int_orders.office_key, {{ unknown_key }}) as office_key,
        coalesce(
            int_orders.location_key,
            {{ dbt_utils.generate_surrogate_key(
                ['null', 'null', 'null', 'null']
            ) }}
        ) as location_key,
        coalesce(int_orders.order_status_key, {{ unknown_key }})
            as order_status_key,
        int_order_lines.order_id,
        int_order_lines.order_line_number,
        int_order_lines.quantity_ordered,
        int_order_lines.unit_price_amount,
        int_order_lines.unit_cost_amount,
        int_order_lines.msrp_amount,
        int_order_lines.ordered_amount,
        int_order_lines.cancelled_amount,
        int_order_lines.net_sales_amount,
        int_order_lines.cost_amount,
        int_order_lines.net_cost_amount,
        int_order_lines.margin_amount,
        int_order_lines.net_margin_amount,
        int_order_lines.msrp_discount_amount
    from int_order_lines
    left join int_orders
        on int_order_lines.order_id = int_orders.order_id

)

select * from final
