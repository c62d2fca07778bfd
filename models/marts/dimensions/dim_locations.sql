with

stg_customers as (

    select * from {{ ref('stg_customers') }}

),

stg_offices as (

    select * from {{ ref('stg_offices') }}

),

countries as (

    select * from {{ ref('countries') }}

),

-- The last row makes the Unknown member: a place about which nothing is known.
places as (

    select
        stg_customers.city,
        stg_customers.state,
        stg_customers.postal_code,
        stg_customers.country_name
    from stg_customers

    union distinct

    select
        stg_offices.city,
        stg_offices.state,
        stg_offices.postal_code,
        stg_offices.country_name
    from stg_offices

    union distinct

    select
        cast(null as {{ dbt.type_string() }}) as city,
        cast(null as {{ dbt.type_string() }}) as state,
        cast(null as {{ dbt.type_string() }}) as postal_code,
        cast(null as {{ dbt.type_string() }}) as country_name

),

final as (

    select
        {{ location_key('places') }} as location_key,
        coalesce(places.city, 'Unknown') as city,
        places.state,
        places.postal_code,
        coalesce(places.country_name, 'Unknown') as country_name,
        countries.country_alpha_2,
        countries.country_alpha_3,
        coalesce(countries.region, 'Unknown') as region,
        countries.latitude,
        countries.longitude
    from places
    left join countries
        on places.country_name = countries.country_name

)

select * from final
