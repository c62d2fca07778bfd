with

stg_employees as (

    select * from {{ ref('stg_employees') }}

),

unknown_member as (

    select
        cast(null as integer) as employee_id,
        cast(null as {{ dbt.type_string() }}) as email,
        cast(null as {{ dbt.type_string() }}) as phone_extension

),

all_members as (

    select
        stg_employees.employee_id,
        stg_employees.email,
        stg_employees.phone_extension
    from stg_employees

    union all

    select * from unknown_member

),

final as (

    select
        {{ surrogate_key(['all_members.employee_id']) }}
            as employee_key,
        all_members.employee_id,
        all_members.email,
        all_members.phone_extension
    from all_members

)

select * from final
