with

employees as (

    select * from {{ raw_input('employees') }}

),

final as (

    select
        cast(employees.employeeNumber as integer) as employeeNumber,
        cast(employees.lastName as {{ dbt.type_string() }}) as lastName,
        cast(employees.firstName as {{ dbt.type_string() }}) as firstName,
        cast(employees.extension as {{ dbt.type_string() }}) as extension,
        cast(employees.email as {{ dbt.type_string() }}) as email,
        cast(employees.officeCode as {{ dbt.type_string() }}) as officeCode,
        cast(employees.reportsTo as integer) as reportsTo,
        cast(employees.jobTitle as {{ dbt.type_string() }}) as jobTitle
    from employees

)

select * from final
