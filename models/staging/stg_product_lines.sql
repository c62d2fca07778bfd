with

raw_productlines as (

    select * from {{ ref('raw_productlines') }}

),

final as (

    select
        {{ clean_text('raw_productlines.productLine') }} as product_line
    from raw_productlines

)

select * from final
