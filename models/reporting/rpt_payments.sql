with

fct_payments as (

    select * from {{ ref('fct_payments') }}

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

final as (

    select
        fct_payments.customer_id,
        fct_payments.check_number,
        dim_customers.customer_name,
        dim_customers.country_name,
        dim_customers.region,
        dim_employees.employee_name as sales_rep_name,
        dim_dates.year_number as payment_year_number,
        dim_dates.quarter_name as payment_quarter_name,
        dim_dates.month_number as payment_month_number,
        dim_dates.month_name as payment_month_name,
        dim_dates.date_day as payment_date,
        dim_dates.month_start_date as payment_month_start_date,
        fct_payments.payment_amount
    from fct_payments
    left join dim_dates
        on fct_payments.payment_date_key = dim_dates.date_key
    left join dim_customers
        on fct_payments.customer_key = dim_customers.customer_key
    left join dim_employees
        on dim_customers.sales_rep_employee_key = dim_employees.employee_key

)

select * from final
