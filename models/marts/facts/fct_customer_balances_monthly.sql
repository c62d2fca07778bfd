{{ config(
    materialized=(
        'incremental'
        if var('only_changes', false) and target.type != 'spark' else 'table'
    ),
    incremental_strategy='changed_content',
    unique_key='customer_key',
    on_schema_change='fail',
    post_hook='{{ remember_content() }}',
) }}

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

dim_customers as (

    select * from {{ ref('dim_customers') }}
    {{ where_changed() }}

),

dim_customer_versions as (

    select * from {{ ref('dim_customer_versions') }}

),

account_movements as (

    select
        fct_orders.customer_key,
        fct_orders.order_date_key as date_key,
        fct_orders.net_sales_amount,
        0 as paid_amount
    from fct_orders

    union all

    select
        fct_payments.customer_key,
        fct_payments.payment_date_key as date_key,
        0 as net_sales_amount,
        fct_payments.payment_amount as paid_amount
    from fct_payments

),

movements_by_month as (

    select
        account_movements.customer_key,
        dim_dates.month_start_date,
        cast(sum(account_movements.net_sales_amount) as decimal(18, 2))
            as net_sales_amount,
        cast(sum(account_movements.paid_amount) as decimal(18, 2))
            as paid_amount
    from account_movements
    left join dim_dates
        on account_movements.date_key = dim_dates.date_key
    {{ where_changed() }}
    group by
        account_movements.customer_key,
        dim_dates.month_start_date

),

month_bounds as (

    select
        min(dim_dates.month_start_date) as first_month,
        max(dim_dates.month_start_date) as last_month
    from account_movements
    left join dim_dates
        on account_movements.date_key = dim_dates.date_key

),

months as (

    select
        dim_dates.month_start_date,
        dim_dates.date_day as month_end_date,
        dim_dates.date_key as month_end_date_key
    from dim_dates
    inner join month_bounds
        on
            dim_dates.month_start_date >= month_bounds.first_month
            and dim_dates.month_start_date <= month_bounds.last_month
    where dim_dates.is_month_end

),

accounts as (

    select
        dim_customers.customer_key,
        dim_customers.location_key,
        dim_customers.customer_id
    from dim_customers
    -- The Unknown customer has an account only if money has moved on it.
    where
        dim_customers.customer_id is not null
        or dim_customers.customer_key in (
            select movements_by_month.customer_key from movements_by_month
        )

),

-- Every customer in every month: a month without activity keeps its balance.
running_totals as (

    select
        accounts.customer_key,
        accounts.location_key,
        accounts.customer_id,
        months.month_end_date,
        months.month_end_date_key,
        coalesce(movements_by_month.net_sales_amount, 0) as net_sales_amount,
        coalesce(movements_by_month.paid_amount, 0) as paid_amount,
        sum(coalesce(movements_by_month.net_sales_amount, 0)) over (
            partition by accounts.customer_key
            order by months.month_end_date_key
            rows between unbounded preceding and current row
        ) as net_sales_to_date_amount,
        sum(coalesce(movements_by_month.paid_amount, 0)) over (
            partition by accounts.customer_key
            order by months.month_end_date_key
            rows between unbounded preceding and current row
        ) as paid_to_date_amount
    from accounts
    cross join months
    left join movements_by_month
        on
            accounts.customer_key = movements_by_month.customer_key
            and months.month_start_date = movements_by_month.month_start_date

),

final as (

    select
        running_totals.month_end_date_key,
        running_totals.customer_key,
        running_totals.location_key,
        running_totals.customer_id,
        dim_customer_versions.credit_limit_amount,
        cast(running_totals.net_sales_amount as decimal(18, 2))
            as net_sales_amount,
        cast(running_totals.paid_amount as decimal(18, 2)) as paid_amount,
        cast(running_totals.net_sales_to_date_amount as decimal(18, 2))
            as net_sales_to_date_amount,
        cast(running_totals.paid_to_date_amount as decimal(18, 2))
            as paid_to_date_amount,
        cast(
            running_totals.net_sales_to_date_amount
            - running_totals.paid_to_date_amount as decimal(18, 2)
        ) as balance_amount,
        coalesce(
            running_totals.net_sales_to_date_amount
            - running_totals.paid_to_date_amount
            > dim_customer_versions.credit_limit_amount,
            false
        ) as is_over_credit_limit
    from running_totals
    left join dim_customer_versions
        on
            running_totals.customer_key = dim_customer_versions.customer_key
            and running_totals.month_end_date
            >= dim_customer_versions.valid_from
            and running_totals.month_end_date < dim_customer_versions.valid_to

)

select * from final
