with

snap_customers as (

    {% if target.type == 'spark' %}
        -- Without a snapshot, today's customers are their only version.
        select
            int_customer_profiles.*,
            cast('1900-01-01' as {{ dbt.type_timestamp() }}) as dbt_valid_from,
            cast(null as {{ dbt.type_timestamp() }}) as dbt_valid_to
        from {{ ref('int_customer_profiles') }} as int_customer_profiles
    {% else %}
        select * from {{ ref('snap_customers') }}
    {% endif %}

),

numbered_versions as (

    select
        snap_customers.*,
        row_number() over (
            partition by snap_customers.customer_id
            order by snap_customers.dbt_valid_from
        ) as version_number
    from snap_customers

),

-- Orders are older than the first load: the first version is open to the past.
opened_versions as (

    select
        numbered_versions.customer_id,
        numbered_versions.version_number,
        numbered_versions.customer_name,
        numbered_versions.city,
        numbered_versions.state,
        numbered_versions.postal_code,
        numbered_versions.country_name,
        numbered_versions.sales_rep_employee_id,
        numbered_versions.credit_limit_amount,
        case
            when numbered_versions.version_number = 1
                then cast('1900-01-01' as {{ dbt.type_timestamp() }})
            else
                cast(
                    numbered_versions.dbt_valid_from
                    as {{ dbt.type_timestamp() }}
                )
        end as valid_from,
        coalesce(
            cast(
                numbered_versions.dbt_valid_to as {{ dbt.type_timestamp() }}
            ),
            cast('9999-12-31' as {{ dbt.type_timestamp() }})
        ) as valid_to,
        numbered_versions.dbt_valid_to is null as is_current
    from numbered_versions

),

final as (

    select
        opened_versions.customer_id,
        cast(opened_versions.version_number as integer) as version_number,
        opened_versions.customer_name,
        opened_versions.city,
        opened_versions.state,
        opened_versions.postal_code,
        opened_versions.country_name,
        opened_versions.sales_rep_employee_id,
        opened_versions.credit_limit_amount,
        opened_versions.valid_from,
        opened_versions.valid_to,
        opened_versions.is_current
    from opened_versions

)

select * from final
