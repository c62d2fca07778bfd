with

fct_orders as (

    select * from {{ ref('fct_orders') }}

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

sales_by_customer as (

    select
        dim_customers.customer_key,
        min(dim_dates.date_day) as first_order_date,
        max(dim_dates.date_day) as last_order_date,
        {{ sales_totals('fct_orders', is_order_repeated=false) }}
    from dim_customers
    left join fct_orders
        on dim_customers.customer_key = fct_orders.customer_key
    left join dim_dates
        on fct_orders.order_date_key = dim_dates.date_key
    group by dim_customers.customer_key

),

-- A customer without orders stays; Unknown appears only if it has orders.
final as (

    select
        sales_by_customer.customer_key,
        dim_customers.customer_id,
        dim_customers.customer_name,
        dim_customers.city,
        dim_customers.country_name,
        dim_customers.region,
        dim_employees.employee_name as sales_rep_name,
        cast(
            row_number() over (
                order by
                    sales_by_customer.net_sales_amount desc,
                    dim_customers.customer_id asc nulls last
            ) as bigint
        ) as net_sales_rank,
        sales_by_customer.first_order_date,
        sales_by_customer.last_order_date,
        sales_by_customer.quantity_ordered,
        sales_by_customer.order_count,
        sales_by_customer.ordered_amount,
        sales_by_customer.cancelled_amount,
        sales_by_customer.net_sales_amount,
        sales_by_customer.cost_amount,
        sales_by_customer.margin_amount,
        sales_by_customer.net_margin_amount,
        {{ ratio(
            'sales_by_customer.net_margin_amount',
            'sales_by_customer.net_sales_amount',
        ) }} as net_margin_pct,
        {{ ratio(
            'sales_by_customer.net_sales_amount',
            'sum(sales_by_customer.net_sales_amount) over ()',
        ) }} as net_sales_share_pct
    from sales_by_customer
    inner join dim_customers
        on sales_by_customer.customer_key = dim_customers.customer_key
    left join dim_employees
        on dim_customers.sales_rep_employee_key = dim_employees.employee_key
    where
        dim_customers.customer_id is not null
        or sales_by_customer.order_count > 0

)

select * from final
