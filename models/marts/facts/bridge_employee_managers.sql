with

int_employee_managers as (

    select * from {{ ref('int_employee_managers') }}

),

final as (

    select
        {{ surrogate_key([
            'int_employee_managers.employee_id',
        ]) }} as employee_key,
        {{ surrogate_key([
            'int_employee_managers.manager_employee_id',
        ]) }} as manager_employee_key,
        cast(int_employee_managers.distance as integer) as distance
    from int_employee_managers
    where not int_employee_managers.is_cycle

)

select * from final
