with

orderdetails as (

    select * from {{ raw_input('orderdetails') }}

),

final as (

    select
        cast(orderdetails.orderNumber as integer) as orderNumber,
        cast(orderdetails.productCode as {{ dbt.type_string() }})
            as productCode,
        cast(orderdetails.quantityOrdered as smallint) as quantityOrdered,
        cast(orderdetails.priceEach as decimal(10, 2)) as priceEach,
        cast(orderdetails.orderLineNumber as smallint) as orderLineNumber
    from orderdetails

)

select * from final
