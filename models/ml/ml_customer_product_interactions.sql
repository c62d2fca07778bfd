with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_customers as (

    select * from {{ ref('dim_customers') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

dim_order_statuses as (

    select * from {{ ref('dim_order_statuses') }}

),

-- A product stands once in an order: lines are orders.
interactions as (

    select
        fct_order_lines.customer_key,
        fct_order_lines.product_key,
        min(dim_dates.date_day) as first_order_date,
        max(dim_dates.date_day) as last_order_date,
        sum(fct_order_lines.quantity_ordered) as quantity_ordered,
        count(*) as order_count,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount
    from fct_order_lines
    left join dim_dates
        on fct_order_lines.order_date_key = dim_dates.date_key
    left join dim_order_statuses
        on
            fct_order_lines.order_status_key
            = dim_order_statuses.order_status_key
    where dim_order_statuses.counts_as_net_sales
    group by
        fct_order_lines.customer_key,
        fct_order_lines.product_key

),

final as (

    select
        interactions.customer_key,
        interactions.product_key,
        dim_customers.customer_id,
        dim_products.product_id,
        interactions.first_order_date,
        interactions.last_order_date,
        cast(interactions.quantity_ordered as bigint) as quantity_ordered,
        cast(interactions.order_count as bigint) as order_count,
        cast(interactions.net_sales_amount as decimal(18, 2))
            as net_sales_amount,
        cast(
            1 + {{ ratio(
                '4 * interactions.quantity_ordered',
                'max(interactions.quantity_ordered)'
                ~ ' over (partition by interactions.customer_key)',
            ) }} as decimal(9, 4)
        ) as implicit_rating
    from interactions
    left join dim_customers
        on interactions.customer_key = dim_customers.customer_key
    left join dim_products
        on interactions.product_key = dim_products.product_key

)

select * from final
