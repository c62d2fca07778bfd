with

raw_employees as (

    select * from {{ ref('raw_employees') }}

),

final as (

    select
        raw_employees.employeeNumber as employee_id,
        raw_employees.reportsTo as manager_employee_id,
        {{ clean_text('raw_employees.officeCode') }} as office_id,
        {{ clean_text('raw_employees.firstName') }} as first_name,
        {{ clean_text('raw_employees.lastName') }} as last_name,
        {{ clean_text('raw_employees.jobTitle') }} as job_title,
        {{ clean_text('raw_employees.extension') }} as phone_extension,
        {{ clean_text('raw_employees.email') }} as email
    from raw_employees

)

select * from final
