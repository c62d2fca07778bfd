with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}

),

final as (

    select stg_orders.order_id
    from stg_orders
    left join stg_order_lines
        on stg_orders.order_id = stg_order_lines.order_id
    where stg_order_lines.order_id is null

)

select * from final
