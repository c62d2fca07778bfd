-- Who are the ten best customers, and when did they last order?
with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_customers as (

    select * from {{ ref('dim_customers') }}

),

final as (

    select
        dim_customers.customer_id,
        dim_customers.customer_name,
        dim_customers.country_name,
        max(dim_dates.date_day) as last_order_date,
        count(distinct fct_order_lines.order_id) as order_count,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        {{ ratio(
            'sum(fct_order_lines.net_sales_amount)',
            'count(distinct fct_order_lines.order_id)',
            2,
        ) }} as net_sales_per_order_amount
    from fct_order_lines
    left join dim_dates
        on fct_order_lines.order_date_key = dim_dates.date_key
    left join dim_customers
        on fct_order_lines.customer_key = dim_customers.customer_key
    where fct_order_lines.net_sales_amount > 0
    group by
        dim_customers.customer_id,
        dim_customers.customer_name,
        dim_customers.country_name

)

select * from final
order by
    net_sales_amount desc,
    customer_id asc
limit 10
