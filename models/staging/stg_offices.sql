with

raw_offices as (

    select * from {{ ref('raw_offices') }}

),

final as (

    select
        {{ clean_text('raw_offices.officeCode') }} as office_id,
        {{ clean_text('raw_offices.phone') }} as phone,
        {{ clean_text('raw_offices.addressLine1') }} as address_line_1,
        {{ clean_text('raw_offices.addressLine2') }} as address_line_2,
        {{ clean_text('raw_offices.city') }} as city,
        {{ clean_text('raw_offices.state') }} as state,
        {{ clean_text('raw_offices.postalCode') }} as postal_code,
        {{ clean_text('raw_offices.country') }} as country_name,
        {{ clean_text('raw_offices.territory') }} as territory
    from raw_offices

)

select * from final
