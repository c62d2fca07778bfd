with

fct_customer_balances_monthly as (

    select * from {{ ref('fct_customer_balances_monthly') }}

),

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

fct_payments as (

    select * from {{ ref('fct_payments') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_customers as (

    select * from {{ ref('dim_customers') }}

),

dim_employees as (

    select * from {{ ref('dim_employees') }}

),

last_months as (

    select
        max(fct_customer_balances_monthly.month_end_date_key) as date_key,
        max(dim_dates.date_day) as date_day
    from fct_customer_balances_monthly
    left join dim_dates
        on
            fct_customer_balances_monthly.month_end_date_key
            = dim_dates.date_key

),

orders_with_age as (

    select
        fct_orders.customer_key,
        fct_orders.net_sales_amount,
        dim_dates.date_day as order_date,
        {{ dbt.datediff(
            'dim_dates.date_day', 'last_months.date_day', 'day'
        ) }} as days_ago
    from fct_orders
    cross join last_months
    left join dim_dates
        on fct_orders.order_date_key = dim_dates.date_key

),

orders_by_customer as (

    select
        orders_with_age.customer_key,
        {% for days in [30, 60, 90] %}
            sum(
                case
                    when orders_with_age.days_ago <= {{ days }}
                        then orders_with_age.net_sales_amount
                end
            ) as last_{{ days }}_days_amount,
        {% endfor %}
        max(orders_with_age.order_date) as last_order_date
    from orders_with_age
    group by orders_with_age.customer_key

),

last_payments as (

    select
        fct_payments.customer_key,
        max(dim_dates.date_day) as last_payment_date
    from fct_payments
    left join dim_dates
        on fct_payments.payment_date_key = dim_dates.date_key
    group by fct_payments.customer_key

),

balances_with_limits as (

    select
        fct_customer_balances_monthly.customer_key,
        fct_customer_balances_monthly.customer_id,
        dim_customers.customer_name,
        dim_customers.country_name,
        dim_customers.region,
        dim_employees.employee_name as sales_rep_name,
        last_months.date_day as month_end_date,
        orders_by_customer.last_order_date,
        last_payments.last_payment_date,
        fct_customer_balances_monthly.net_sales_to_date_amount,
        fct_customer_balances_monthly.paid_to_date_amount,
        fct_customer_balances_monthly.balance_amount,
        dim_customers.credit_limit_amount,
        coalesce(
            fct_customer_balances_monthly.balance_amount
            > dim_customers.credit_limit_amount,
            false
        ) as is_over_credit_limit,
        case
            when orders_by_customer.last_order_date is null then 'prospect'
            when
                orders_by_customer.last_order_date
                < {{ dbt.dateadd('year', -1, 'last_months.date_day') }}
                then 'lapsed'
            else 'active'
        end as segment,
        -- Payments settle the oldest orders first: what is owed is owed for
        -- the newest ones.
        {% for days in [30, 60, 90] %}
            least(
                greatest(fct_customer_balances_monthly.balance_amount, 0),
                coalesce(orders_by_customer.last_{{ days }}_days_amount, 0)
            ) as owed_to_{{ days }}_days_amount,
        {% endfor %}
        greatest(fct_customer_balances_monthly.balance_amount, 0) as owed_amount
    from fct_customer_balances_monthly
    inner join last_months
        on
            fct_customer_balances_monthly.month_end_date_key
            = last_months.date_key
    left join dim_customers
        on
            fct_customer_balances_monthly.customer_key
            = dim_customers.customer_key
    left join dim_employees
        on dim_customers.sales_rep_employee_key = dim_employees.employee_key
    left join orders_by_customer
        on
            fct_customer_balances_monthly.customer_key
            = orders_by_customer.customer_key
    left join last_payments
        on
            fct_customer_balances_monthly.customer_key
            = last_payments.customer_key

),

final as (

    select
        balances_with_limits.customer_key,
        balances_with_limits.customer_id,
        balances_with_limits.customer_name,
        balances_with_limits.country_name,
        balances_with_limits.region,
        balances_with_limits.sales_rep_name,
        balances_with_limits.segment,
        balances_with_limits.is_over_credit_limit,
        balances_with_limits.month_end_date,
        balances_with_limits.last_order_date,
        balances_with_limits.last_payment_date,
        balances_with_limits.net_sales_to_date_amount,
        balances_with_limits.paid_to_date_amount,
        balances_with_limits.balance_amount,
        cast(
            balances_with_limits.owed_to_30_days_amount as decimal(18, 2)
        ) as owed_0_30_days_amount,
        cast(
            balances_with_limits.owed_to_60_days_amount
            - balances_with_limits.owed_to_30_days_amount as decimal(18, 2)
        ) as owed_31_60_days_amount,
        cast(
            balances_with_limits.owed_to_90_days_amount
            - balances_with_limits.owed_to_60_days_amount as decimal(18, 2)
        ) as owed_61_90_days_amount,
        cast(
            balances_with_limits.owed_amount
            - balances_with_limits.owed_to_90_days_amount as decimal(18, 2)
        ) as owed_over_90_days_amount,
        balances_with_limits.credit_limit_amount
    from balances_with_limits

)

select * from final
