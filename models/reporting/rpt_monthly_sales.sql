with

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

fct_payments as (

    select * from {{ ref('fct_payments') }}

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
        count(distinct fct_orders.customer_key) as customer_count,
        {{ sales_totals('fct_orders', is_order_repeated=false) }}
    from dim_dates
    left join fct_orders
        on dim_dates.date_key = fct_orders.order_date_key
    group by
        dim_dates.year_number,
        dim_dates.quarter_name,
        dim_dates.month_number,
        dim_dates.month_name,
        dim_dates.month_start_date

),

payments_by_month as (

    select
        dim_dates.month_start_date,
        sum(fct_payments.payment_amount) as paid_amount
    from fct_payments
    inner join dim_dates
        on fct_payments.payment_date_key = dim_dates.date_key
    group by dim_dates.month_start_date

),

sales_and_payments as (

    select
        sales_by_month.*,
        payments_by_month.paid_amount
    from sales_by_month
    left join payments_by_month
        on sales_by_month.month_start_date = payments_by_month.month_start_date

),

month_bounds as (

    select
        min(sales_and_payments.month_start_date) as first_month,
        max(sales_and_payments.month_start_date) as last_month
    from sales_and_payments
    where
        sales_and_payments.order_count > 0
        or sales_and_payments.paid_amount is not null

),

months_compared as (

    select
        sales_and_payments.*,
        lag(sales_and_payments.net_sales_amount) over by_month
            as previous_month_net_sales_amount,
        lag(sales_and_payments.net_sales_amount, 12) over by_month
            as previous_year_net_sales_amount
    from sales_and_payments
    inner join month_bounds
        on
            sales_and_payments.month_start_date >= month_bounds.first_month
            and sales_and_payments.month_start_date <= month_bounds.last_month
    window by_month as (order by sales_and_payments.month_start_date)

),

final as (

    select
        months_compared.year_number,
        months_compared.quarter_name,
        months_compared.month_number,
        months_compared.month_name,
        months_compared.is_complete_month,
        months_compared.month_start_date,
        months_compared.quantity_ordered,
        months_compared.order_count,
        months_compared.customer_count,
        months_compared.ordered_amount,
        months_compared.cancelled_amount,
        months_compared.net_sales_amount,
        cast(coalesce(months_compared.paid_amount, 0) as decimal(18, 2))
            as paid_amount,
        months_compared.cost_amount,
        months_compared.margin_amount,
        months_compared.net_margin_amount,
        {{ ratio(
            'months_compared.net_margin_amount',
            'months_compared.net_sales_amount',
        ) }} as net_margin_pct,
        months_compared.previous_month_net_sales_amount,
        {{ ratio(
            'months_compared.net_sales_amount'
            ~ ' - months_compared.previous_month_net_sales_amount',
            'months_compared.previous_month_net_sales_amount',
        ) }} as month_growth_pct,
        months_compared.previous_year_net_sales_amount,
        {{ ratio(
            'months_compared.net_sales_amount'
            ~ ' - months_compared.previous_year_net_sales_amount',
            'months_compared.previous_year_net_sales_amount',
        ) }} as year_growth_pct
    from months_compared

)

select * from final
