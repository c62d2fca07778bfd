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

with

int_orders as (

    select * from {{ ref('int_orders') }}
    {{ where_changed() }}

),

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}
    {{ where_changed() }}

),

as_of_dates as (

    select as_of_dates.as_of_date from {{ as_of_date() }} as as_of_dates

),

lines_by_order as (

    select
        fct_order_lines.order_id,
        count(*) as line_count,
        sum(fct_order_lines.quantity_ordered) as quantity_ordered,
        sum(fct_order_lines.ordered_amount) as ordered_amount,
        sum(fct_order_lines.cancelled_amount) as cancelled_amount,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        sum(fct_order_lines.cost_amount) as cost_amount,
        sum(fct_order_lines.margin_amount) as margin_amount,
        sum(fct_order_lines.net_margin_amount) as net_margin_amount
    from fct_order_lines
    group by fct_order_lines.order_id

),

-- Nobody waits for a cancelled order that never left: it is never past due.
orders_with_lateness as (

    select
        int_orders.*,
        coalesce(int_orders.shipped_date > int_orders.required_date, false)
            as is_late,
        coalesce(
            int_orders.shipped_date is null
            and not int_orders.is_cancelled
            and int_orders.required_date < as_of_dates.as_of_date,
            false
        ) as is_past_due,
        {{ dbt.datediff(
            'int_orders.order_date', 'int_orders.shipped_date', 'day'
        ) }} as days_to_ship,
        {{ dbt.datediff(
            'int_orders.required_date',
            'coalesce(int_orders.shipped_date, as_of_dates.as_of_date)',
            'day',
        ) }} as days_after_required_date
    from int_orders
    cross join as_of_dates

),

final as (

    select
        orders_with_lateness.order_date_key,
        orders_with_lateness.required_date_key,
        orders_with_lateness.shipped_date_key,
        orders_with_lateness.customer_key,
        orders_with_lateness.customer_version_key,
        orders_with_lateness.sales_rep_employee_key,
        orders_with_lateness.office_key,
        orders_with_lateness.location_key,
        orders_with_lateness.order_status_key,
        orders_with_lateness.order_id,
        orders_with_lateness.is_late,
        orders_with_lateness.is_past_due,
        cast(coalesce(lines_by_order.line_count, 0) as integer) as line_count,
        cast(coalesce(lines_by_order.quantity_ordered, 0) as integer)
            as quantity_ordered,
        cast(coalesce(lines_by_order.ordered_amount, 0) as decimal(18, 2))
            as ordered_amount,
        cast(coalesce(lines_by_order.cancelled_amount, 0) as decimal(18, 2))
            as cancelled_amount,
        cast(coalesce(lines_by_order.net_sales_amount, 0) as decimal(18, 2))
            as net_sales_amount,
        cast(coalesce(lines_by_order.cost_amount, 0) as decimal(18, 2))
            as cost_amount,
        cast(coalesce(lines_by_order.margin_amount, 0) as decimal(18, 2))
            as margin_amount,
        cast(coalesce(lines_by_order.net_margin_amount, 0) as decimal(18, 2))
            as net_margin_amount,
        cast(orders_with_lateness.days_to_ship as integer) as days_to_ship,
        cast(
            case
                when
                    orders_with_lateness.is_late
                    or orders_with_lateness.is_past_due
                    then orders_with_lateness.days_after_required_date
                else 0
            end as integer
        ) as days_late
    from orders_with_lateness
    left join lines_by_order
        on orders_with_lateness.order_id = lines_by_order.order_id

)

select * from final
