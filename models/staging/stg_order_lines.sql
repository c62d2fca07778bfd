with

raw_orderdetails as (

    select * from {{ ref('raw_orderdetails') }}

),

final as (

    select
        raw_orderdetails.orderNumber as order_id,
        {{ clean_text('raw_orderdetails.productCode') }} as product_id,
        cast(raw_orderdetails.orderLineNumber as integer) as order_line_number,
        cast(raw_orderdetails.quantityOrdered as integer) as quantity_ordered,
        raw_orderdetails.priceEach as unit_price_amount
    from raw_orderdetails

)

select * from final
