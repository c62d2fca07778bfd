with

fct_orders as (

    select * from {{ ref('fct_orders') }}

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

sales_by_employee as (

    select
        dim_employees.employee_key,
        count(distinct fct_orders.customer_key) as customer_count,
        {{ sales_totals('fct_orders', is_order_repeated=false) }}
    from dim_employees
    left join fct_orders
        on dim_employees.employee_key = fct_orders.sales_rep_employee_key
    group by dim_employees.employee_key

),

-- Managers may serve customers too, and a rep may have none yet.
final as (

    select
        sales_by_employee.employee_key as sales_rep_employee_key,
        dim_employees.employee_id as sales_rep_employee_id,
        dim_employees.employee_name as sales_rep_name,
        dim_employees.job_title,
        dim_employees.manager_name,
        dim_employees.office_city,
        cast(
            row_number() over (
                order by
                    sales_by_employee.net_sales_amount desc,
                    dim_employees.employee_id asc nulls last
            ) as bigint
        ) as net_sales_rank,
        coalesce(customers_by_rep.assigned_customer_count, 0)
            as assigned_customer_count,
        sales_by_employee.customer_count,
        sales_by_employee.order_count,
        sales_by_employee.quantity_ordered,
        sales_by_employee.ordered_amount,
        sales_by_employee.cancelled_amount,
        sales_by_employee.net_sales_amount,
        sales_by_employee.cost_amount,
        sales_by_employee.margin_amount,
        sales_by_employee.net_margin_amount,
        {{ ratio(
            'sales_by_employee.net_margin_amount',
            'sales_by_employee.net_sales_amount',
        ) }} as net_margin_pct,
        {{ ratio(
            'sales_by_employee.net_sales_amount',
            'sum(sales_by_employee.net_sales_amount) over ()',
        ) }} as net_sales_share_pct
    from sales_by_employee
    inner join dim_employees
        on sales_by_employee.employee_key = dim_employees.employee_key
    left join customers_by_rep
        on
            sales_by_employee.employee_key
            = customers_by_rep.sales_rep_employee_key
    where
        dim_employees.job_title = 'Sales Rep'
        or customers_by_rep.assigned_customer_count > 0
        or sales_by_employee.order_count > 0

)

select * from final
