with

fct_orders as (

    select * from {{ ref('fct_orders') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

final as (

    select
        fct_orders.order_id,
        order_dates.date_day as order_date,
        required_dates.date_day as required_date,
        shipped_dates.date_day as shipped_date,
        fct_orders.days_to_ship
    from fct_orders
    left join stg_orders on fct_orders.order_id = stg_orders.order_id
    left join dim_dates as order_dates
        on fct_orders.order_date_key = order_dates.date_key
    left join dim_dates as required_dates
        on fct_orders.required_date_key = required_dates.date_key
    left join dim_dates as shipped_dates
        on fct_orders.shipped_date_key = shipped_dates.date_key
    where
        order_dates.date_day is distinct from stg_orders.order_date
        or required_dates.date_day is distinct from stg_orders.required_date
        or shipped_dates.date_day is distinct from stg_orders.shipped_date
        or fct_orders.days_to_ship is distinct from
        order_dates.days_before_as_of_date
        - shipped_dates.days_before_as_of_date

)

select * from final
