with

stg_offices as (

    select * from {{ ref('stg_offices') }}

),

known_offices as (

    select
        stg_offices.office_id,
        stg_offices.city,
        stg_offices.state,
        stg_offices.postal_code,
        stg_offices.country_name,
        stg_offices.territory,
        -- 'NA' is North America spelled short, not a missing value.
        case
            when stg_offices.territory = 'NA' then 'North America'
            else coalesce(stg_offices.territory, 'Unknown')
        end as region
    from stg_offices

),

unknown_member as (

    select
        cast(null as {{ dbt.type_string() }}) as office_id,
        cast(null as {{ dbt.type_string() }}) as city,
        cast(null as {{ dbt.type_string() }}) as state,
        cast(null as {{ dbt.type_string() }}) as postal_code,
        cast(null as {{ dbt.type_string() }}) as country_name,
        cast(null as {{ dbt.type_string() }}) as territory,
        'Unknown' as region

),

all_members as (

    select * from known_offices

    union all

    select * from unknown_member

),

final as (

    select
        {{ surrogate_key(['all_members.office_id']) }}
            as office_key,
        {{ location_key('all_members') }} as location_key,
        all_members.office_id,
        coalesce(all_members.city, 'Unknown') as city,
        all_members.state,
        all_members.postal_code,
        coalesce(all_members.country_name, 'Unknown') as country_name,
        all_members.territory,
        all_members.region
    from all_members

)

select * from final
