with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

sales_by_month as (

    select
        dim_dates.year_number,
        dim_dates.quarter_name,
        dim_dates.month_number,
        dim_dates.month_name,
        dim_dates.month_start_date,
        min(dim_dates.days_before_as_of_date) >= 0 as is_complete_month,
        count(distinct fct_order_lines.customer_key) as customer_count,
        {{ sales_totals('fct_order_lines') }}
    from dim_dates
    left join fct_order_lines
        on dim_dates.date_key = fct_order_lines.order_date_key
    group by
        dim_dates.year_number,
        dim_dates.quarter_name,
        dim_dates.month_number,
        dim_dates.month_name,
        dim_dates.month_start_date

),

month_bounds as (

    select
        min(sales_by_month.month_start_date) as first_month,
        max(sales_by_month.month_start_date) as last_month
    from sales_by_month
    where sales_by_month.order_count > 0

),

-- Joins instead of lag(): DuckDB 2.0 drops its offset from a view that an older
-- version stored.
final as (

    select
        sales_by_month.year_number,
        sales_by_month.quarter_name,
        sales_by_month.month_number,
        sales_by_month.month_name,
        sales_by_month.is_complete_month,
        sales_by_month.month_start_date,
        sales_by_month.quantity_ordered,
        sales_by_month.order_count,
        sales_by_month.customer_count,
        sales_by_month.ordered_amount,
        sales_by_month.cancelled_amount,
        sales_by_month.net_sales_amount,
        sales_by_month.margin_amount,
        sales_by_month.net_margin_amount,
        {{ ratio(
            'sales_by_month.net_margin_amount',
            'sales_by_month.net_sales_amount',
        ) }} as net_margin_pct,
        previous_months.net_sales_amount as previous_month_net_sales_amount,
        {{ ratio(
            'sales_by_month.net_sales_amount'
            ~ ' - previous_months.net_sales_amount',
            'previous_months.net_sales_amount',
        ) }} as month_growth_pct,
        previous_years.net_sales_amount as previous_year_net_sales_amount,
        {{ ratio(
            'sales_by_month.net_sales_amount'
            ~ ' - previous_years.net_sales_amount',
            'previous_years.net_sales_amount',
        ) }} as year_growth_pct
    from sales_by_month
    inner join month_bounds
        on
            sales_by_month.month_start_date >= month_bounds.first_month
            and sales_by_month.month_start_date <= month_bounds.last_month
    left join sales_by_month as previous_months
        on
            previous_months.month_start_date
            = {{ dbt.dateadd('month', -1, 'sales_by_month.month_start_date') }}
            and month_bounds.first_month <= previous_months.month_start_date
    left join sales_by_month as previous_years
        on
            previous_years.month_start_date
            = {{ dbt.dateadd('year', -1, 'sales_by_month.month_start_date') }}
            and month_bounds.first_month <= previous_years.month_start_date

)

select * from final
