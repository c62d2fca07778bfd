with

stg_customers as (

    select * from {{ ref('stg_customers') }}

),

-- The snapshot reads this model: personal data must not enter the history.
final as (

    select
        stg_customers.customer_id,
        stg_customers.customer_name,
        stg_customers.city,
        stg_customers.state,
        stg_customers.postal_code,
        stg_customers.country_name,
        stg_customers.sales_rep_employee_id,
        stg_customers.has_sales_rep,
        stg_customers.credit_limit_amount
    from stg_customers

)

select * from final
