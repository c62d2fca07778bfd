with

customers as (

    select * from {{ raw_input('customers') }}

),

final as (

    select
        cast(customers.customerNumber as integer) as customerNumber,
        cast(customers.customerName as {{ dbt.type_string() }}) as customerName,
        cast(customers.contactLastName as {{ dbt.type_string() }})
            as contactLastName,
        cast(customers.contactFirstName as {{ dbt.type_string() }})
            as contactFirstName,
        cast(customers.phone as {{ dbt.type_string() }}) as phone,
        cast(customers.addressLine1 as {{ dbt.type_string() }}) as addressLine1,
        cast(customers.addressLine2 as {{ dbt.type_string() }}) as addressLine2,
        cast(customers.city as {{ dbt.type_string() }}) as city,
        cast(customers.state as {{ dbt.type_string() }}) as state,
        cast(customers.postalCode as {{ dbt.type_string() }}) as postalCode,
        cast(customers.country as {{ dbt.type_string() }}) as country,
        cast(customers.salesRepEmployeeNumber as integer)
            as salesRepEmployeeNumber,
        cast(customers.creditLimit as decimal(10, 2)) as creditLimit
    from customers

)

select * from final
