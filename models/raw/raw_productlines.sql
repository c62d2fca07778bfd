with

productlines as (

    select * from {{ raw_input('productlines') }}

),

final as (

    select
        cast(productlines.productLine as {{ dbt.type_string() }}) as productLine
    from productlines

)

select * from final
