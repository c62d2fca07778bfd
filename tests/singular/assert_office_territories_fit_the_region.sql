-- Odd, but possible: the retailer may redraw its territories.
{{ config(severity='warn') }}

with

stg_offices as (

    select * from {{ ref('stg_offices') }}

),

countries as (

    select * from {{ ref('countries') }}

),

final as (

    select
        stg_offices.office_id,
        stg_offices.country_name,
        stg_offices.territory,
        countries.region
    from stg_offices
    inner join countries
        on stg_offices.country_name = countries.country_name
    where
        stg_offices.territory
        != case
            when countries.region = 'North America' then 'NA'
            else countries.region
        end

)

select * from final
