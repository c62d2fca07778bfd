with

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

-- A cancelled order neither makes a customer nor keeps one.
orders_with_cohort as (

    select
        fct_orders.customer_key,
        fct_orders.net_sales_amount,
        fct_orders.net_margin_amount,
        dim_dates.quarter_start_date,
        min(dim_dates.quarter_start_date)
            over (partition by fct_orders.customer_key)
            as cohort_quarter_start_date
    from fct_orders
    left join dim_dates
        on fct_orders.order_date_key = dim_dates.date_key
    where fct_orders.net_sales_amount > 0

),

sales_by_cohort_and_quarter as (

    select
        orders_with_cohort.cohort_quarter_start_date,
        orders_with_cohort.quarter_start_date,
        count(distinct orders_with_cohort.customer_key)
            as active_customer_count,
        count(*) as order_count,
        sum(orders_with_cohort.net_sales_amount) as net_sales_amount,
        sum(orders_with_cohort.net_margin_amount) as net_margin_amount
    from orders_with_cohort
    group by
        orders_with_cohort.cohort_quarter_start_date,
        orders_with_cohort.quarter_start_date

),

cohorts as (

    select
        orders_with_cohort.cohort_quarter_start_date,
        count(distinct orders_with_cohort.customer_key)
            as cohort_customer_count
    from orders_with_cohort
    group by orders_with_cohort.cohort_quarter_start_date

),

quarters as (

    select
        dim_dates.quarter_start_date,
        min(dim_dates.days_before_as_of_date) >= 0 as is_complete_quarter
    from dim_dates
    group by dim_dates.quarter_start_date

),

last_quarters as (

    select max(sales_by_cohort_and_quarter.quarter_start_date) as last_quarter
    from sales_by_cohort_and_quarter

),

final as (

    select
        cohorts.cohort_quarter_start_date,
        quarters.quarter_start_date,
        -- In months: dbt's quarters on Spark are one too many.
        cast(
            ({{ dbt.datediff(
                'cohorts.cohort_quarter_start_date',
                'quarters.quarter_start_date',
                'month',
            ) }}) / 3 as integer
        ) as quarters_since_first_order,
        quarters.is_complete_quarter,
        cohorts.cohort_customer_count,
        coalesce(sales_by_cohort_and_quarter.active_customer_count, 0)
            as active_customer_count,
        {{ ratio(
            'coalesce(sales_by_cohort_and_quarter.active_customer_count, 0)',
            'cohorts.cohort_customer_count',
        ) }} as retention_pct,
        coalesce(sales_by_cohort_and_quarter.order_count, 0) as order_count,
        cast(
            coalesce(sales_by_cohort_and_quarter.net_sales_amount, 0)
            as decimal(18, 2)
        ) as net_sales_amount,
        cast(
            coalesce(sales_by_cohort_and_quarter.net_margin_amount, 0)
            as decimal(18, 2)
        ) as net_margin_amount
    from cohorts
    cross join last_quarters
    inner join quarters
        on
            cohorts.cohort_quarter_start_date <= quarters.quarter_start_date
            and last_quarters.last_quarter >= quarters.quarter_start_date
    left join sales_by_cohort_and_quarter
        on
            cohorts.cohort_quarter_start_date
            = sales_by_cohort_and_quarter.cohort_quarter_start_date
            and quarters.quarter_start_date
            = sales_by_cohort_and_quarter.quarter_start_date

)

select * from final
