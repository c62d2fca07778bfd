-- How did cost and suggested retail price of each product change over time?
-- History begins with the first load: until a price changes, each product has
-- one version.
with

snap_products as (

    select * from {{ ref('snap_products') }}

),

final as (

    select
        snap_products.product_id,
        snap_products.product_name,
        snap_products.dbt_valid_from as valid_from,
        snap_products.dbt_valid_to as valid_to,
        snap_products.unit_cost_amount,
        snap_products.msrp_amount,
        snap_products.unit_cost_amount
        - lag(snap_products.unit_cost_amount) over (
            partition by snap_products.product_id
            order by snap_products.dbt_valid_from
        ) as unit_cost_change_amount,
        snap_products.msrp_amount
        - lag(snap_products.msrp_amount) over (
            partition by snap_products.product_id
            order by snap_products.dbt_valid_from
        ) as msrp_change_amount
    from snap_products

)

select * from final
order by
    product_id asc,
    valid_from asc
