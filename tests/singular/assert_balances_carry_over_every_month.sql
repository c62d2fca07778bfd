with

fct_customer_balances_monthly as (

    select * from {{ ref('fct_customer_balances_monthly') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

balances_with_month_before as (

    select
        fct_customer_balances_monthly.customer_id,
        fct_customer_balances_monthly.month_end_date_key,
        fct_customer_balances_monthly.balance_amount,
        dim_dates.is_month_end,
        fct_customer_balances_monthly.net_sales_amount
        - fct_customer_balances_monthly.paid_amount as change_amount,
        min(dim_dates.year_number * 12 + dim_dates.month_number) over ()
            as first_month_position,
        max(dim_dates.year_number * 12 + dim_dates.month_number) over ()
            as last_month_position,
        lag(fct_customer_balances_monthly.balance_amount, 1, 0) over (
            partition by fct_customer_balances_monthly.customer_id
            order by fct_customer_balances_monthly.month_end_date_key
        ) as balance_before_amount,
        count(*) over (
            partition by fct_customer_balances_monthly.customer_id
        ) as month_count
    from fct_customer_balances_monthly
    left join dim_dates
        on
            fct_customer_balances_monthly.month_end_date_key
            = dim_dates.date_key

),

final as (

    select *
    from balances_with_month_before
    where
        balance_amount != balance_before_amount + change_amount
        or month_count != last_month_position - first_month_position + 1
        or not is_month_end

)

select * from final
