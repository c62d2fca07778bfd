with

int_customer_profiles as (

    select * from {{ ref('int_customer_profiles') }}

),

int_customer_versions as (

    select * from {{ ref('int_customer_versions') }}

),

int_orders as (

    select * from {{ ref('int_orders') }}

),

int_order_lines as (

    select * from {{ ref('int_order_lines') }}

),

stg_payments as (

    select * from {{ ref('stg_payments') }}

),

account_movements as (

    select
        int_orders.customer_id,
        int_orders.order_date as movement_date,
        int_order_lines.net_sales_amount,
        0 as paid_amount
    from int_order_lines
    left join int_orders
        on int_order_lines.order_id = int_orders.order_id

    union all

    select
        stg_payments.customer_id,
        stg_payments.payment_date as movement_date,
        0 as net_sales_amount,
        stg_payments.payment_amount as paid_amount
    from stg_payments

),

movements_by_month as (

    select
        account_movements.customer_id,
        cast(
            {{ dbt.date_trunc('month', 'account_movements.movement_date') }}
            as date
        ) as month_start_date,
        sum(account_movements.net_sales_amount) as net_sales_amount,
        sum(account_movements.paid_amount) as paid_amount
    from account_movements
    group by
        account_movements.customer_id,
        cast(
            {{ dbt.date_trunc('month', 'account_movements.movement_date') }}
            as date
        )

),

month_bounds as (

    select
        min(movements_by_month.month_start_date) as first_month,
        max(movements_by_month.month_start_date) as last_month
    from movements_by_month

),

-- From 1990 to 2100, which is what the tests on staging allow.
month_numbers as (

    {{ dbt.generate_series(1400) }}

),

months as (

    select
        month_bounds.last_month,
        cast(
            {{ dbt.dateadd(
                'month',
                'cast(month_numbers.generated_number - 1 as integer)',
                'month_bounds.first_month',
            ) }} as date
        ) as month_start_date
    from month_bounds
    cross join month_numbers

),

accounts as (

    select int_customer_profiles.customer_id from int_customer_profiles

    union distinct

    select movements_by_month.customer_id from movements_by_month

),

-- Every customer in every month: a month without activity keeps its balance.
customer_months as (

    select
        accounts.customer_id,
        int_customer_profiles.city,
        int_customer_profiles.state,
        int_customer_profiles.postal_code,
        int_customer_profiles.country_name,
        months.month_start_date,
        cast(
            {{ dbt.last_day('months.month_start_date', 'month') }} as date
        ) as month_end_date
    from accounts
    cross join months
    left join int_customer_profiles
        on accounts.customer_id = int_customer_profiles.customer_id
    where months.month_start_date <= months.last_month

),

running_totals as (

    select
        customer_months.*,
        coalesce(movements_by_month.net_sales_amount, 0) as net_sales_amount,
        coalesce(movements_by_month.paid_amount, 0) as paid_amount,
        sum(coalesce(movements_by_month.net_sales_amount, 0)) over (
            partition by customer_months.customer_id
            order by customer_months.month_start_date
            rows between unbounded preceding and current row
        ) as net_sales_to_date_amount,
        sum(coalesce(movements_by_month.paid_amount, 0)) over (
            partition by customer_months.customer_id
            order by customer_months.month_start_date
            rows between unbounded preceding and current row
        ) as paid_to_date_amount
    from customer_months
    left join movements_by_month
        on
            customer_months.customer_id = movements_by_month.customer_id
            and customer_months.month_start_date
            = movements_by_month.month_start_date

),

final as (

    select
        {{ dbt_utils.generate_surrogate_key([
            'running_totals.customer_id',
            'running_totals.month_start_date',
        ]) }} as customer_balance_key,
        {{ date_key('running_totals.month_end_date') }} as month_end_date_key,
        {{ dbt_utils.generate_surrogate_key(['running_totals.customer_id']) }}
            as customer_key,
        {{ location_key('running_totals') }} as location_key,
        running_totals.customer_id,
        coalesce(
            running_totals.net_sales_to_date_amount
            - running_totals.paid_to_date_amount
            > int_customer_versions.credit_limit_amount,
            false
        ) as is_over_credit_limit,
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
        int_customer_versions.credit_limit_amount
    from running_totals
    left join int_customer_versions
        on
            running_totals.customer_id = int_customer_versions.customer_id
            and running_totals.month_end_date
            >= int_customer_versions.valid_from
            and running_totals.month_end_date < int_customer_versions.valid_to

)

select * from final
