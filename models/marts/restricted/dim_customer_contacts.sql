with

stg_customers as (

    select * from {{ ref('stg_customers') }}

),

unknown_member as (

    select
        cast(null as integer) as customer_id,
        'Unknown' as contact_first_name,
        'Unknown' as contact_last_name,
        cast(null as {{ dbt.type_string() }}) as phone,
        cast(null as {{ dbt.type_string() }}) as address_line_1,
        cast(null as {{ dbt.type_string() }}) as address_line_2

),

all_members as (

    select
        stg_customers.customer_id,
        stg_customers.contact_first_name,
        stg_customers.contact_last_name,
        stg_customers.phone,
        stg_customers.address_line_1,
        stg_customers.address_line_2
    from stg_customers

    union all

    select * from unknown_member

),

final as (

    select
        {{ surrogate_key(['all_members.customer_id']) }}
            as customer_key,
        all_members.customer_id,
        all_members.contact_first_name,
        all_members.contact_last_name,
        all_members.phone,
        all_members.address_line_1,
        all_members.address_line_2
    from all_members

)

select * from final
