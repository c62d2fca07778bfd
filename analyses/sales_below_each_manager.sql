-- How much does each manager sell together with everyone below, however far
-- down? Do not add up the rows: a manager's sales are in every row above.
with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

bridge_employee_managers as (

    select * from {{ ref('bridge_employee_managers') }}

),

dim_employees as (

    select * from {{ ref('dim_employees') }}

),

sales_by_rep as (

    select
        fct_order_lines.sales_rep_employee_key,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount
    from fct_order_lines
    group by fct_order_lines.sales_rep_employee_key

),

-- The bridge leads from people to those above; managers also make sales.
teams as (

    select
        bridge_employee_managers.manager_employee_key,
        bridge_employee_managers.employee_key
    from bridge_employee_managers

    union distinct

    select
        bridge_employee_managers.manager_employee_key,
        bridge_employee_managers.manager_employee_key as employee_key
    from bridge_employee_managers

),

final as (

    select
        dim_employees.employee_id,
        dim_employees.employee_name,
        dim_employees.job_title,
        count(*) - 1 as people_below_count,
        coalesce(sum(sales_by_rep.net_sales_amount), 0) as net_sales_amount
    from teams
    left join dim_employees
        on teams.manager_employee_key = dim_employees.employee_key
    left join sales_by_rep
        on teams.employee_key = sales_by_rep.sales_rep_employee_key
    group by
        dim_employees.employee_id,
        dim_employees.employee_name,
        dim_employees.job_title

)

select * from final
order by
    net_sales_amount desc,
    employee_id asc
