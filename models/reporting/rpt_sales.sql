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

dim_products as (

    select * from {{ ref('dim_products') }}

),

dim_employees as (

    select * from {{ ref('dim_employees') }}

),

dim_offices as (

    select * from {{ ref('dim_offices') }}

),

dim_locations as (

    select * from {{ ref('dim_locations') }}

),

dim_order_statuses as (

    select * from {{ ref('dim_order_statuses') }}

),

final as (

    select
        fct_order_lines.order_id,
        fct_order_lines.order_line_number,
        dim_customers.customer_id,
        dim_products.product_id,
        dim_employees.employee_id as sales_rep_employee_id,
        dim_offices.office_id,
        dim_order_statuses.order_status,
        dim_customers.customer_name,
        dim_locations.city,
        dim_locations.state,
        dim_locations.postal_code,
        dim_locations.country_name,
        dim_locations.country_alpha_2,
        dim_locations.region,
        dim_products.product_name,
        dim_products.product_line,
        dim_products.product_vendor,
        dim_products.product_scale,
        dim_employees.employee_name as sales_rep_name,
        dim_employees.manager_name,
        dim_offices.city as office_city,
        dim_offices.country_name as office_country_name,
        dim_offices.region as office_region,
        order_dates.year_number as order_year_number,
        order_dates.quarter_number as order_quarter_number,
        order_dates.quarter_name as order_quarter_name,
        order_dates.month_number as order_month_number,
        order_dates.month_name as order_month_name,
        order_dates.iso_year as order_iso_year,
        order_dates.iso_week as order_iso_week,
        order_dates.iso_weekday as order_iso_weekday,
        order_dates.day_name as order_day_name,
        dim_order_statuses.is_shipped,
        dim_order_statuses.is_cancelled,
        dim_order_statuses.is_open,
        dim_order_statuses.counts_as_net_sales,
        order_dates.date_day as order_date,
        order_dates.month_start_date as order_month_start_date,
        required_dates.date_day as required_date,
        shipped_dates.date_day as shipped_date,
        order_dates.days_before_as_of_date,
        fct_order_lines.quantity_ordered,
        fct_order_lines.unit_price_amount,
        fct_order_lines.unit_cost_amount,
        fct_order_lines.msrp_amount,
        fct_order_lines.ordered_amount,
        fct_order_lines.cancelled_amount,
        fct_order_lines.net_sales_amount,
        fct_order_lines.cost_amount,
        fct_order_lines.net_cost_amount,
        fct_order_lines.margin_amount,
        fct_order_lines.net_margin_amount,
        fct_order_lines.msrp_discount_amount
    from fct_order_lines
    left join dim_dates as order_dates
        on fct_order_lines.order_date_key = order_dates.date_key
    left join dim_dates as required_dates
        on fct_order_lines.required_date_key = required_dates.date_key
    left join dim_dates as shipped_dates
        on fct_order_lines.shipped_date_key = shipped_dates.date_key
    left join dim_customers
        on fct_order_lines.customer_key = dim_customers.customer_key
    left join dim_products
        on fct_order_lines.product_key = dim_products.product_key
    left join dim_employees
        on fct_order_lines.sales_rep_employee_key = dim_employees.employee_key
    left join dim_offices
        on fct_order_lines.office_key = dim_offices.office_key
    left join dim_locations
        on fct_order_lines.location_key = dim_locations.location_key
    left join dim_order_statuses
        on
            fct_order_lines.order_status_key
            = dim_order_statuses.order_status_key

)

select * from final
