with

offices as (

    select * from {{ raw_input('offices') }}

),

final as (

    select
        cast(offices.officeCode as {{ dbt.type_string() }}) as officeCode,
        cast(offices.city as {{ dbt.type_string() }}) as city,
        cast(offices.phone as {{ dbt.type_string() }}) as phone,
        cast(offices.addressLine1 as {{ dbt.type_string() }}) as addressLine1,
        cast(offices.addressLine2 as {{ dbt.type_string() }}) as addressLine2,
        cast(offices.state as {{ dbt.type_string() }}) as state,
        cast(offices.country as {{ dbt.type_string() }}) as country,
        cast(offices.postalCode as {{ dbt.type_string() }}) as postalCode,
        cast(offices.territory as {{ dbt.type_string() }}) as territory
    from offices

)

select * from final
