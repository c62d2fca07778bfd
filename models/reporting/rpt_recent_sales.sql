with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

dim_locations as (

    select * from {{ ref('dim_locations') }}

),

-- Days 0 to 29 before the as-of date are the last 30, 30 to 59 those before.
lines_in_periods as (

    select
        dim_products.product_line,
        dim_locations.region,
        dim_dates.days_before_as_of_date < 30 as is_recent,
        cast(
            {{ dbt.dateadd(
                'day', 'dim_dates.days_before_as_of_date', 'dim_dates.date_day'
            ) }} as date
        ) as as_of_date,
        fct_order_lines.order_id,
        fct_order_lines.quantity_ordered,
        fct_order_lines.ordered_amount,
        fct_order_lines.net_sales_amount
    from fct_order_lines
    left join dim_dates
        on fct_order_lines.order_date_key = dim_dates.date_key
    left join dim_products
        on fct_order_lines.product_key = dim_products.product_key
    left join dim_locations
        on fct_order_lines.location_key = dim_locations.location_key
    where
        dim_dates.days_before_as_of_date >= 0
        and dim_dates.days_before_as_of_date < 60

),

sales_by_period as (

    select
        lines_in_periods.product_line,
        lines_in_periods.region,
        lines_in_periods.as_of_date,
        sum(
            case
                when lines_in_periods.is_recent
                    then lines_in_periods.quantity_ordered
                else 0
            end
        ) as quantity_ordered,
        sum(
            case
                when not lines_in_periods.is_recent
                    then lines_in_periods.quantity_ordered
                else 0
            end
        ) as previous_quantity_ordered,
        count(
            distinct case
                when lines_in_periods.is_recent then lines_in_periods.order_id
            end
        ) as order_count,
        count(
            distinct case
                when not lines_in_periods.is_recent
                    then lines_in_periods.order_id
            end
        ) as previous_order_count,
        sum(
            case
                when lines_in_periods.is_recent
                    then lines_in_periods.ordered_amount
                else 0
            end
        ) as ordered_amount,
        sum(
            case
                when not lines_in_periods.is_recent
                    then lines_in_periods.ordered_amount
                else 0
            end
        ) as previous_ordered_amount,
        sum(
            case
                when lines_in_periods.is_recent
                    then lines_in_periods.net_sales_amount
                else 0
            end
        ) as net_sales_amount,
        sum(
            case
                when not lines_in_periods.is_recent
                    then lines_in_periods.net_sales_amount
                else 0
            end
        ) as previous_net_sales_amount
    from lines_in_periods
    group by
        lines_in_periods.product_line,
        lines_in_periods.region,
        lines_in_periods.as_of_date

),

final as (

    select
        sales_by_period.product_line,
        sales_by_period.region,
        sales_by_period.as_of_date,
        cast(sales_by_period.quantity_ordered as bigint) as quantity_ordered,
        cast(sales_by_period.previous_quantity_ordered as bigint)
            as previous_quantity_ordered,
        cast(sales_by_period.order_count as bigint) as order_count,
        cast(sales_by_period.previous_order_count as bigint)
            as previous_order_count,
        cast(sales_by_period.ordered_amount as decimal(18, 2))
            as ordered_amount,
        cast(sales_by_period.previous_ordered_amount as decimal(18, 2))
            as previous_ordered_amount,
        cast(sales_by_period.net_sales_amount as decimal(18, 2))
            as net_sales_amount,
        cast(sales_by_period.previous_net_sales_amount as decimal(18, 2))
            as previous_net_sales_amount,
        cast(
            sales_by_period.net_sales_amount
            - sales_by_period.previous_net_sales_amount as decimal(18, 2)
        ) as net_sales_change_amount,
        {{ ratio(
            'sales_by_period.net_sales_amount'
            ~ ' - sales_by_period.previous_net_sales_amount',
            'sales_by_period.previous_net_sales_amount',
        ) }} as net_sales_change_pct
    from sales_by_period

)

select * from final
