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

dim_offices as (

    select * from {{ ref('dim_offices') }}

),

dim_order_statuses as (

    select * from {{ ref('dim_order_statuses') }}

),

final as (

    select
        fct_orders.order_id,
        dim_customers.customer_id,
        dim_employees.employee_id as sales_rep_employee_id,
        dim_offices.office_id,
        dim_order_statuses.order_status,
        dim_customers.customer_name,
        dim_customers.city,
        dim_customers.country_name,
        dim_customers.region,
        dim_employees.employee_name as sales_rep_name,
        dim_offices.city as office_city,
        order_dates.year_number as order_year_number,
        order_dates.quarter_name as order_quarter_name,
        order_dates.month_number as order_month_number,
        dim_order_statuses.is_shipped,
        dim_order_statuses.is_cancelled,
        dim_order_statuses.is_open,
        dim_order_statuses.counts_as_net_sales,
        fct_orders.is_late,
        fct_orders.is_past_due,
        order_dates.date_day as order_date,
        order_dates.month_start_date as order_month_start_date,
        required_dates.date_day as required_date,
        shipped_dates.date_day as shipped_date,
        order_dates.days_before_as_of_date,
        fct_orders.line_count,
        fct_orders.quantity_ordered,
        fct_orders.ordered_amount,
        fct_orders.cancelled_amount,
        fct_orders.net_sales_amount,
        fct_orders.cost_amount,
        fct_orders.margin_amount,
        fct_orders.net_margin_amount,
        dim_customers.credit_limit_amount,
        fct_orders.days_to_ship,
        fct_orders.days_late
    from fct_orders
    left join dim_dates as order_dates
        on fct_orders.order_date_key = order_dates.date_key
    left join dim_dates as required_dates
        on fct_orders.required_date_key = required_dates.date_key
    left join dim_dates as shipped_dates
        on fct_orders.shipped_date_key = shipped_dates.date_key
    left join dim_customers
        on fct_orders.customer_key = dim_customers.customer_key
    left join dim_employees
        on fct_orders.sales_rep_employee_key = dim_employees.employee_key
    left join dim_offices
        on fct_orders.office_key = dim_offices.office_key
    left join dim_order_statuses
        on fct_orders.order_status_key = dim_order_statuses.order_status_key

)

select * from final
