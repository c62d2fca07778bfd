with

raw_customers as (

    select * from {{ ref('raw_customers') }}

),

final as (

    select
        raw_customers.customerNumber as customer_id,
        {{ clean_text('raw_customers.customerName') }} as customer_name,
        {{ clean_text('raw_customers.contactFirstName') }}
            as contact_first_name,
        {{ clean_text('raw_customers.contactLastName') }} as contact_last_name,
        {{ clean_text('raw_customers.phone') }} as phone,
        {{ clean_text('raw_customers.addressLine1') }} as address_line_1,
        {{ clean_text('raw_customers.addressLine2') }} as address_line_2,
        {{ clean_text('raw_customers.city') }} as city,
        {{ clean_text('raw_customers.state') }} as state,
        {{ clean_text('raw_customers.postalCode') }} as postal_code,
        {{ clean_text('raw_customers.country') }} as country_name,
        raw_customers.salesRepEmployeeNumber as sales_rep_employee_id,
        raw_customers.salesRepEmployeeNumber is not null as has_sales_rep,
        raw_customers.creditLimit as credit_limit_amount
    from raw_customers

)

select * from final
