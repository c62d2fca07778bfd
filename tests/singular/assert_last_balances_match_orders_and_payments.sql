with

fct_customer_balances_monthly as (

    select * from {{ ref('fct_customer_balances_monthly') }}

),

dim_customers as (

    select * from {{ ref('dim_customers') }}

),

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

fct_payments as (

    select * from {{ ref('fct_payments') }}

),

ordered_by_customer as (

    select
        fct_orders.customer_key,
        sum(fct_orders.net_sales_amount) as net_sales_amount
    from fct_orders
    group by fct_orders.customer_key

),

paid_by_customer as (

    select
        fct_payments.customer_key,
        sum(fct_payments.payment_amount) as paid_amount
    from fct_payments
    group by fct_payments.customer_key

),

last_month as (

    select
        max(fct_customer_balances_monthly.month_end_date_key)
            as month_end_date_key
    from fct_customer_balances_monthly

),

last_balances as (

    select
        fct_customer_balances_monthly.customer_key,
        fct_customer_balances_monthly.balance_amount
    from fct_customer_balances_monthly
    inner join last_month
        on
            fct_customer_balances_monthly.month_end_date_key
            = last_month.month_end_date_key

),

final as (

    select
        dim_customers.customer_id,
        last_balances.balance_amount,
        ordered_by_customer.net_sales_amount,
        paid_by_customer.paid_amount
    from dim_customers
    left join last_balances
        on dim_customers.customer_key = last_balances.customer_key
    left join ordered_by_customer
        on dim_customers.customer_key = ordered_by_customer.customer_key
    left join paid_by_customer
        on dim_customers.customer_key = paid_by_customer.customer_key
    where
        dim_customers.customer_id is not null
        and last_balances.balance_amount is distinct from
        coalesce(ordered_by_customer.net_sales_amount, 0)
        - coalesce(paid_by_customer.paid_amount, 0)

)

select * from final
