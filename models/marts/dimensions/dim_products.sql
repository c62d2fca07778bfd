with

stg_products as (

    select * from {{ ref('stg_products') }}

),

stg_product_lines as (

    select * from {{ ref('stg_product_lines') }}

),

known_products as (

    select
        stg_products.product_id,
        stg_products.product_name,
        coalesce(stg_product_lines.product_line, 'Unknown') as product_line,
        stg_products.product_vendor,
        stg_products.product_scale,
        cast(
            nullif(split_part(stg_products.product_scale, ':', 2), '')
            as integer
        ) as scale_denominator,
        stg_products.quantity_in_stock,
        stg_products.unit_cost_amount,
        stg_products.msrp_amount,
        cast(
            stg_products.msrp_amount - stg_products.unit_cost_amount
            as decimal(10, 2)
        ) as list_margin_amount,
        {{ ratio(
            'stg_products.msrp_amount - stg_products.unit_cost_amount',
            'stg_products.msrp_amount',
        ) }} as list_margin_pct
    from stg_products
    left join stg_product_lines
        on stg_products.product_line = stg_product_lines.product_line

),

unknown_member as (

    select
        cast(null as {{ dbt.type_string() }}) as product_id,
        'Unknown' as product_name,
        'Unknown' as product_line,
        'Unknown' as product_vendor,
        'Unknown' as product_scale,
        cast(null as integer) as scale_denominator,
        cast(null as integer) as quantity_in_stock,
        cast(null as decimal(10, 2)) as unit_cost_amount,
        cast(null as decimal(10, 2)) as msrp_amount,
        cast(null as decimal(10, 2)) as list_margin_amount,
        cast(null as decimal(18, 4)) as list_margin_pct

),

all_members as (

    select * from known_products

    union all

    select * from unknown_member

),

final as (

    select
        {{ surrogate_key(['all_members.product_id']) }}
            as product_key,
        all_members.product_id,
        all_members.product_name,
        all_members.product_line,
        all_members.product_vendor,
        all_members.product_scale,
        all_members.scale_denominator,
        all_members.quantity_in_stock,
        all_members.unit_cost_amount,
        all_members.msrp_amount,
        all_members.list_margin_amount,
        all_members.list_margin_pct
    from all_members

)

select * from final
