-- What was a customer like when the order came in? Orders above the credit
-- limit of their day, from the version of the customer that was valid then.
with

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_customer_versions as (

    select * from {{ ref('dim_customer_versions') }}

),

final as (

    select
        fct_orders.order_id,
        dim_dates.date_day as order_date,
        dim_customer_versions.customer_id,
        dim_customer_versions.customer_name,
        dim_customer_versions.version_number,
        fct_orders.net_sales_amount,
        dim_customer_versions.credit_limit_amount
    from fct_orders
    left join dim_dates
        on fct_orders.order_date_key = dim_dates.date_key
    left join dim_customer_versions
        on
            fct_orders.customer_version_key
            = dim_customer_versions.customer_version_key
    where
        fct_orders.net_sales_amount > dim_customer_versions.credit_limit_amount

)

select * from final
order by
    net_sales_amount desc,
    order_id asc
