-- Who owes most at the end of the last month, and who is over the credit limit?
with

fct_customer_balances_monthly as (

    select * from {{ ref('fct_customer_balances_monthly') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_customers as (

    select * from {{ ref('dim_customers') }}

),

-- A balance is a level, not a flow: one month, never a sum over months.
last_months as (

    select max(fct_customer_balances_monthly.month_end_date_key) as date_key
    from fct_customer_balances_monthly

),

final as (

    select
        dim_dates.date_day as month_end_date,
        dim_customers.customer_id,
        dim_customers.customer_name,
        dim_customers.country_name,
        fct_customer_balances_monthly.is_over_credit_limit,
        fct_customer_balances_monthly.balance_amount,
        fct_customer_balances_monthly.credit_limit_amount
    from fct_customer_balances_monthly
    inner join last_months
        on
            fct_customer_balances_monthly.month_end_date_key
            = last_months.date_key
    left join dim_dates
        on
            fct_customer_balances_monthly.month_end_date_key
            = dim_dates.date_key
    left join dim_customers
        on
            fct_customer_balances_monthly.customer_key
            = dim_customers.customer_key
    where fct_customer_balances_monthly.balance_amount > 0

)

select * from final
order by
    balance_amount desc,
    customer_id asc
