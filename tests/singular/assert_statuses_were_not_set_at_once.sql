with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

orders_counted as (

    select
        count(*) as order_count,
        sum(case when order_statuses.is_cancelled then 1 else 0 end)
            as cancelled_count,
        sum(
            case
                when
                    order_statuses.is_shipped
                    and not stg_orders.has_shipped_date
                    then 1
                when order_statuses.is_open and stg_orders.has_shipped_date
                    then 1
                else 0
            end
        ) as unfit_count
    from stg_orders
    inner join order_statuses
        on stg_orders.order_status = order_statuses.order_status

),

-- In the sample 2 % are cancelled, and every other ship date fits. A few odd
-- orders are possible: assert_ship_dates_fit_the_status warns of them.
final as (

    select *
    from orders_counted
    where
        cancelled_count > 10 + order_count * 0.1
        or unfit_count > 10 + order_count * 0.01

)

select * from final
