with

stg_employees as (

    select * from {{ ref('stg_employees') }}

),

employees_without_manager as (

    select
        stg_employees.employee_id,
        stg_employees.job_title,
        count(*) over () as employee_count
    from stg_employees
    where stg_employees.manager_employee_id is null

),

-- The head may have a title other than president: a warning says so.
final as (

    select
        employee_id,
        job_title
    from employees_without_manager
    where
        employee_count > 1
        and job_title != 'President'

)

select * from final
