with

stg_employees as (

    select * from {{ ref('stg_employees') }}

),

stg_offices as (

    select * from {{ ref('stg_offices') }}

),

int_employee_managers as (

    select * from {{ ref('int_employee_managers') }}

),

employee_levels as (

    select
        int_employee_managers.employee_id,
        max(int_employee_managers.distance) + 1 as employee_level
    from int_employee_managers
    group by int_employee_managers.employee_id

),

reports_by_manager as (

    select
        stg_employees.manager_employee_id,
        count(*) as direct_report_count
    from stg_employees
    group by stg_employees.manager_employee_id

),

known_employees as (

    select
        stg_employees.employee_id,
        stg_employees.manager_employee_id,
        stg_employees.office_id,
        stg_employees.first_name || ' ' || stg_employees.last_name
            as employee_name,
        stg_employees.job_title,
        cast(coalesce(employee_levels.employee_level, 1) as integer)
            as employee_level,
        managers.first_name || ' ' || managers.last_name as manager_name,
        coalesce(stg_offices.city, 'Unknown') as office_city,
        stg_employees.manager_employee_id is not null as has_manager,
        cast(coalesce(reports_by_manager.direct_report_count, 0) as integer)
            as direct_report_count
    from stg_employees
    left join stg_employees as managers
        on stg_employees.manager_employee_id = managers.employee_id
    left join stg_offices
        on stg_employees.office_id = stg_offices.office_id
    left join employee_levels
        on stg_employees.employee_id = employee_levels.employee_id
    left join reports_by_manager
        on stg_employees.employee_id = reports_by_manager.manager_employee_id

),

unknown_member as (

    select
        cast(null as integer) as employee_id,
        cast(null as integer) as manager_employee_id,
        cast(null as {{ dbt.type_string() }}) as office_id,
        'Unknown' as employee_name,
        'Unknown' as job_title,
        cast(null as integer) as employee_level,
        cast(null as {{ dbt.type_string() }}) as manager_name,
        'Unknown' as office_city,
        false as has_manager,
        0 as direct_report_count

),

all_members as (

    select * from known_employees

    union all

    select * from unknown_member

),

final as (

    select
        {{ surrogate_key(['all_members.employee_id']) }}
            as employee_key,
        {{ surrogate_key([
            'all_members.manager_employee_id',
        ]) }} as manager_employee_key,
        {{ surrogate_key(['all_members.office_id']) }}
            as office_key,
        all_members.employee_id,
        all_members.employee_name,
        all_members.job_title,
        all_members.employee_level,
        all_members.manager_name,
        all_members.office_city,
        all_members.has_manager,
        all_members.direct_report_count
    from all_members

)

select * from final
