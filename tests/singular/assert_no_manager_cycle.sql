with

int_employee_managers as (

    select * from {{ ref('int_employee_managers') }}

),

final as (

    select
        int_employee_managers.employee_id,
        int_employee_managers.manager_employee_id,
        int_employee_managers.distance
    from int_employee_managers
    where int_employee_managers.is_cycle

)

select * from final
