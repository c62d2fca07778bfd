with

int_customer_versions as (

    select * from {{ ref('int_customer_versions') }}

),

unknown_member as (

    select
        cast(null as integer) as customer_id,
        cast(null as integer) as version_number,
        'Unknown' as customer_name,
        cast(null as {{ dbt.type_string() }}) as city,
        cast(null as {{ dbt.type_string() }}) as state,
        cast(null as {{ dbt.type_string() }}) as postal_code,
        cast(null as {{ dbt.type_string() }}) as country_name,
        cast(null as integer) as sales_rep_employee_id,
        cast(null as decimal(10, 2)) as credit_limit_amount,
        cast(null as {{ dbt.type_timestamp() }}) as valid_from,
        cast(null as {{ dbt.type_timestamp() }}) as valid_to,
        true as is_current

),

all_members as (

    select * from int_customer_versions

    union all

    select * from unknown_member

),

final as (

    select
        {{ surrogate_key([
            'all_members.customer_id',
            'all_members.valid_from',
        ]) }} as customer_version_key,
        {{ surrogate_key(['all_members.customer_id']) }}
            as customer_key,
        {{ surrogate_key([
            'all_members.sales_rep_employee_id',
        ]) }} as sales_rep_employee_key,
        {{ location_key('all_members') }} as location_key,
        all_members.customer_id,
        all_members.version_number,
        all_members.customer_name,
        coalesce(all_members.city, 'Unknown') as city,
        all_members.state,
        all_members.postal_code,
        coalesce(all_members.country_name, 'Unknown') as country_name,
        all_members.credit_limit_amount,
        all_members.is_current,
        coalesce(
            all_members.valid_from,
            cast('1900-01-01' as {{ dbt.type_timestamp() }})
        ) as valid_from,
        coalesce(
            all_members.valid_to,
            cast('9999-12-31' as {{ dbt.type_timestamp() }})
        ) as valid_to
    from all_members

)

select * from final
