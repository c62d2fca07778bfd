with recursive

stg_employees as (

    select * from {{ ref('stg_employees') }}

),

-- A manager who is already on the path ends the walk: a cycle becomes a
-- flagged row for a test to find, never an endless query.
managers_walked as (

    select
        stg_employees.employee_id,
        stg_employees.manager_employee_id,
        1 as distance,
        '/' || cast(stg_employees.employee_id as {{ dbt.type_string() }})
        || '/' as walked_path,
        stg_employees.employee_id
        = stg_employees.manager_employee_id as is_cycle
    from stg_employees
    where stg_employees.manager_employee_id is not null

    union all

    select
        managers_walked.employee_id,
        stg_employees.manager_employee_id,
        managers_walked.distance + 1 as distance,
        managers_walked.walked_path
        || cast(stg_employees.employee_id as {{ dbt.type_string() }})
        || '/' as walked_path,
        position(
            '/' || cast(
                stg_employees.manager_employee_id as {{ dbt.type_string() }}
            ) || '/'
            in managers_walked.walked_path || cast(
                stg_employees.employee_id as {{ dbt.type_string() }}
            ) || '/'
        ) > 0 as is_cycle
    from managers_walked
    inner join stg_employees
        on managers_walked.manager_employee_id = stg_employees.employee_id
    where
        stg_employees.manager_employee_id is not null
        and not managers_walked.is_cycle

),

final as (

    select
        managers_walked.employee_id,
        managers_walked.manager_employee_id,
        managers_walked.distance,
        managers_walked.is_cycle
    from managers_walked

)

select * from final
