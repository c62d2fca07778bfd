with

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_order_statuses as (

    select * from {{ ref('dim_order_statuses') }}

),

-- A cancelled order counts as cancelled only, even if its goods had left.
orders_by_month as (

    select
        dim_dates.year_number,
        dim_dates.month_number,
        dim_dates.month_name,
        dim_dates.month_start_date,
        count(*) as order_count,
        count(*) filter (where dim_order_statuses.is_shipped)
            as shipped_order_count,
        count(*) filter (where dim_order_statuses.is_open) as open_order_count,
        count(*) filter (where dim_order_statuses.is_cancelled)
            as cancelled_order_count,
        count(*) filter (
            where dim_order_statuses.is_shipped and fct_orders.is_late
        ) as late_order_count,
        count(*) filter (where fct_orders.is_past_due)
            as past_due_order_count,
        sum(
            case
                when dim_order_statuses.is_shipped then fct_orders.days_to_ship
            end
        ) as days_to_ship,
        count(
            case
                when dim_order_statuses.is_shipped then fct_orders.days_to_ship
            end
        ) as timed_order_count
    from fct_orders
    left join dim_dates
        on fct_orders.order_date_key = dim_dates.date_key
    left join dim_order_statuses
        on fct_orders.order_status_key = dim_order_statuses.order_status_key
    group by
        dim_dates.year_number,
        dim_dates.month_number,
        dim_dates.month_name,
        dim_dates.month_start_date

),

final as (

    select
        orders_by_month.year_number,
        orders_by_month.month_number,
        orders_by_month.month_name,
        orders_by_month.month_start_date,
        cast(orders_by_month.order_count as bigint) as order_count,
        cast(orders_by_month.shipped_order_count as bigint)
            as shipped_order_count,
        cast(orders_by_month.open_order_count as bigint) as open_order_count,
        cast(orders_by_month.cancelled_order_count as bigint)
            as cancelled_order_count,
        cast(orders_by_month.late_order_count as bigint) as late_order_count,
        cast(orders_by_month.past_due_order_count as bigint)
            as past_due_order_count,
        cast(orders_by_month.timed_order_count as bigint) as timed_order_count,
        cast(coalesce(orders_by_month.days_to_ship, 0) as bigint)
            as total_days_to_ship,
        {{ ratio(
            'orders_by_month.days_to_ship',
            'orders_by_month.timed_order_count',
            2,
        ) }} as average_days_to_ship,
        {{ ratio(
            'orders_by_month.late_order_count',
            'orders_by_month.shipped_order_count',
        ) }} as late_pct
    from orders_by_month

)

select * from final
