with

orders as (

    select * from {{ raw_input('orders') }}

),

final as (

    select
        cast(orders.orderNumber as integer) as orderNumber,
        cast(orders.orderDate as date) as orderDate,
        cast(orders.requiredDate as date) as requiredDate,
        cast(orders.shippedDate as date) as shippedDate,
        cast(orders.status as {{ dbt.type_string() }}) as status,
        cast(orders.customerNumber as integer) as customerNumber
    from orders

)

select * from final
