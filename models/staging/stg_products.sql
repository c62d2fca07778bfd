with

raw_products as (

    select * from {{ ref('raw_products') }}

),

final as (

    select
        {{ clean_text('raw_products.productCode') }} as product_id,
        {{ clean_text('raw_products.productName') }} as product_name,
        {{ clean_text('raw_products.productLine') }} as product_line,
        {{ clean_text('raw_products.productVendor') }} as product_vendor,
        {{ clean_text('raw_products.productScale') }} as product_scale,
        cast(raw_products.quantityInStock as integer) as quantity_in_stock,
        raw_products.buyPrice as unit_cost_amount,
        raw_products.MSRP as msrp_amount
    from raw_products

)

select * from final
