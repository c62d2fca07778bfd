with

products as (

    select * from {{ raw_input('products') }}

),

final as (

    select
        cast(products.productCode as {{ dbt.type_string() }}) as productCode,
        cast(products.productName as {{ dbt.type_string() }}) as productName,
        cast(products.productLine as {{ dbt.type_string() }}) as productLine,
        cast(products.productScale as {{ dbt.type_string() }}) as productScale,
        cast(products.productVendor as {{ dbt.type_string() }})
            as productVendor,
        cast(products.quantityInStock as smallint) as quantityInStock,
        cast(products.buyPrice as decimal(10, 2)) as buyPrice,
        cast(products.MSRP as decimal(10, 2)) as MSRP
    from products

)

select * from final
