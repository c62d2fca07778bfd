-- Which products are bought together? The twenty pairs of products that share
-- the most orders, each pair once.
with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

dim_order_statuses as (

    select * from {{ ref('dim_order_statuses') }}

),

baskets as (

    select distinct
        fct_order_lines.order_id,
        dim_products.product_id,
        dim_products.product_name
    from fct_order_lines
    left join dim_products
        on fct_order_lines.product_key = dim_products.product_key
    left join dim_order_statuses
        on
            fct_order_lines.order_status_key
            = dim_order_statuses.order_status_key
    where dim_order_statuses.counts_as_net_sales

),

final as (

    select
        first_products.product_id,
        first_products.product_name,
        second_products.product_id as other_product_id,
        second_products.product_name as other_product_name,
        count(*) as order_count
    from baskets as first_products
    inner join baskets as second_products
        on
            first_products.order_id = second_products.order_id
            and first_products.product_id < second_products.product_id
    group by
        first_products.product_id,
        first_products.product_name,
        second_products.product_id,
        second_products.product_name

)

select * from final
order by
    order_count desc,
    product_id asc,
    other_product_id asc
limit 20
