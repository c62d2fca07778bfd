with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

sales_by_month as (

    select
        dim_dates.month_start_date,
        sum(fct_order_lines.quantity_ordered) as quantity_ordered,
        count(distinct fct_order_lines.order_id) as order_count,
        count(distinct fct_order_lines.customer_key) as customer_count,
        sum(fct_order_lines.ordered_amount) as ordered_amount,
        sum(fct_order_lines.cancelled_amount) as cancelled_amount,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        sum(fct_order_lines.margin_amount) as margin_amount,
        sum(fct_order_lines.net_margin_amount) as net_margin_amount
    from fct_order_lines
    left join dim_dates
        on fct_order_lines.order_date_key = dim_dates.date_key
    group by dim_dates.month_start_date

),

month_bounds as (

    select
        min(sales_by_month.month_start_date) as first_month,
        max(sales_by_month.month_start_date) as last_month
    from sales_by_month

),

calendar_months as (

    select
        dim_dates.year_number,
        dim_dates.quarter_name,
        dim_dates.month_number,
        dim_dates.month_name,
        dim_dates.month_start_date,
        min(dim_dates.days_before_as_of_date) >= 0 as is_complete_month
    from dim_dates
    cross join month_bounds
    where
        dim_dates.month_start_date >= month_bounds.first_month
        and dim_dates.month_start_date <= month_bounds.last_month
    group by
        dim_dates.year_number,
        dim_dates.quarter_name,
        dim_dates.month_number,
        dim_dates.month_name,
        dim_dates.month_start_date

),

months_with_sales as (

    select
        calendar_months.year_number,
        calendar_months.quarter_name,
        calendar_months.month_number,
        calendar_months.month_name,
        calendar_months.is_complete_month,
        calendar_months.month_start_date,
        coalesce(sales_by_month.quantity_ordered, 0) as quantity_ordered,
        coalesce(sales_by_month.order_count, 0) as order_count,
        coalesce(sales_by_month.customer_count, 0) as customer_count,
        coalesce(sales_by_month.ordered_amount, 0) as ordered_amount,
        coalesce(sales_by_month.cancelled_amount, 0) as cancelled_amount,
        coalesce(sales_by_month.net_sales_amount, 0) as net_sales_amount,
        coalesce(sales_by_month.margin_amount, 0) as margin_amount,
        coalesce(sales_by_month.net_margin_amount, 0) as net_margin_amount
    from calendar_months
    left join sales_by_month
        on calendar_months.month_start_date = sales_by_month.month_start_date

),

-- Joins, no lag(): DuckDB 2.0 drops the offset of lag() in a view that an older
-- one stored.
final as (

    select
        months_with_sales.year_number,
        months_with_sales.quarter_name,
        months_with_sales.month_number,
        months_with_sales.month_name,
        months_with_sales.is_complete_month,
        months_with_sales.month_start_date,
        cast(months_with_sales.quantity_ordered as bigint) as quantity_ordered,
        cast(months_with_sales.order_count as bigint) as order_count,
        cast(months_with_sales.customer_count as bigint) as customer_count,
        cast(months_with_sales.ordered_amount as decimal(18, 2))
            as ordered_amount,
        cast(months_with_sales.cancelled_amount as decimal(18, 2))
            as cancelled_amount,
        cast(months_with_sales.net_sales_amount as decimal(18, 2))
            as net_sales_amount,
        cast(months_with_sales.margin_amount as decimal(18, 2))
            as margin_amount,
        cast(months_with_sales.net_margin_amount as decimal(18, 2))
            as net_margin_amount,
        {{ ratio(
            'months_with_sales.net_margin_amount',
            'months_with_sales.net_sales_amount',
        ) }} as net_margin_pct,
        cast(previous_months.net_sales_amount as decimal(18, 2))
            as previous_month_net_sales_amount,
        {{ ratio(
            'months_with_sales.net_sales_amount'
            ~ ' - previous_months.net_sales_amount',
            'previous_months.net_sales_amount',
        ) }} as month_growth_pct,
        cast(previous_years.net_sales_amount as decimal(18, 2))
            as previous_year_net_sales_amount,
        {{ ratio(
            'months_with_sales.net_sales_amount'
            ~ ' - previous_years.net_sales_amount',
            'previous_years.net_sales_amount',
        ) }} as year_growth_pct
    from months_with_sales
    left join months_with_sales as previous_months
        on
            previous_months.month_start_date
            = {{ dbt.dateadd(
                'month', -1, 'months_with_sales.month_start_date'
            ) }}
    left join months_with_sales as previous_years
        on
            previous_years.month_start_date
            = {{ dbt.dateadd(
                'year', -1, 'months_with_sales.month_start_date'
            ) }}

)

select * from final
