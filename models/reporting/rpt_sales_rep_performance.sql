with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_employees as (

    select * from {{ ref('dim_employees') }}

),

dim_customers as (

    select * from {{ ref('dim_customers') }}

),

customers_by_rep as (

    select
        dim_customers.sales_rep_employee_key,
        count(dim_customers.customer_id) as assigned_customer_count
    from dim_customers
    group by dim_customers.sales_rep_employee_key

),

sales_by_rep as (

    select
        fct_order_lines.sales_rep_employee_key,
        sum(fct_order_lines.quantity_ordered) as quantity_ordered,
        count(distinct fct_order_lines.order_id) as order_count,
        count(distinct fct_order_lines.customer_key) as customer_count,
        sum(fct_order_lines.ordered_amount) as ordered_amount,
        sum(fct_order_lines.cancelled_amount) as cancelled_amount,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        sum(fct_order_lines.margin_amount) as margin_amount,
        sum(fct_order_lines.net_margin_amount) as net_margin_amount
    from fct_order_lines
    group by fct_order_lines.sales_rep_employee_key

),

-- Managers may serve customers too, and a rep may have none yet.
reps_with_sales as (

    select
        dim_employees.employee_key,
        dim_employees.employee_id,
        dim_employees.employee_name,
        dim_employees.job_title,
        dim_employees.manager_name,
        dim_employees.office_city,
        coalesce(customers_by_rep.assigned_customer_count, 0)
            as assigned_customer_count,
        coalesce(sales_by_rep.quantity_ordered, 0) as quantity_ordered,
        coalesce(sales_by_rep.order_count, 0) as order_count,
        coalesce(sales_by_rep.customer_count, 0) as customer_count,
        coalesce(sales_by_rep.ordered_amount, 0) as ordered_amount,
        coalesce(sales_by_rep.cancelled_amount, 0) as cancelled_amount,
        coalesce(sales_by_rep.net_sales_amount, 0) as net_sales_amount,
        coalesce(sales_by_rep.margin_amount, 0) as margin_amount,
        coalesce(sales_by_rep.net_margin_amount, 0) as net_margin_amount
    from dim_employees
    left join customers_by_rep
        on dim_employees.employee_key = customers_by_rep.sales_rep_employee_key
    left join sales_by_rep
        on dim_employees.employee_key = sales_by_rep.sales_rep_employee_key
    where
        dim_employees.job_title = 'Sales Rep'
        or customers_by_rep.assigned_customer_count > 0
        or sales_by_rep.order_count > 0

),

final as (

    select
        reps_with_sales.employee_key as sales_rep_employee_key,
        reps_with_sales.employee_id as sales_rep_employee_id,
        reps_with_sales.employee_name as sales_rep_name,
        reps_with_sales.job_title,
        reps_with_sales.manager_name,
        reps_with_sales.office_city,
        cast(
            row_number() over (
                order by
                    reps_with_sales.net_sales_amount desc,
                    reps_with_sales.employee_id asc nulls last
            ) as bigint
        ) as net_sales_rank,
        cast(reps_with_sales.assigned_customer_count as bigint)
            as assigned_customer_count,
        cast(reps_with_sales.customer_count as bigint) as customer_count,
        cast(reps_with_sales.order_count as bigint) as order_count,
        cast(reps_with_sales.quantity_ordered as bigint) as quantity_ordered,
        cast(reps_with_sales.ordered_amount as decimal(18, 2))
            as ordered_amount,
        cast(reps_with_sales.cancelled_amount as decimal(18, 2))
            as cancelled_amount,
        cast(reps_with_sales.net_sales_amount as decimal(18, 2))
            as net_sales_amount,
        cast(reps_with_sales.margin_amount as decimal(18, 2))
            as margin_amount,
        cast(reps_with_sales.net_margin_amount as decimal(18, 2))
            as net_margin_amount,
        {{ ratio(
            'reps_with_sales.net_margin_amount',
            'reps_with_sales.net_sales_amount',
        ) }} as net_margin_pct,
        {{ ratio(
            'reps_with_sales.net_sales_amount',
            'sum(reps_with_sales.net_sales_amount) over ()',
        ) }} as net_sales_share_pct
    from reps_with_sales

)

select * from final
