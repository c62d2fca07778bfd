with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

final as (

    select
        stg_orders.order_id,
        stg_orders.order_date,
        stg_orders.required_date,
        stg_orders.shipped_date
    from stg_orders
    where
        {{ dbt.datediff(
            'stg_orders.order_date', 'stg_orders.required_date', 'day'
        ) }} > 2 * 366
        or {{ dbt.datediff(
            'stg_orders.order_date', 'stg_orders.shipped_date', 'day'
        ) }} > 5 * 366

)

select * from final
