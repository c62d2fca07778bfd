with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

dim_locations as (

    select * from {{ ref('dim_locations') }}

),

dim_order_statuses as (

    select * from {{ ref('dim_order_statuses') }}

),

sold_lines as (

    select
        fct_order_lines.product_key,
        fct_order_lines.order_id,
        fct_order_lines.customer_key,
        dim_locations.region,
        dim_locations.country_name,
        fct_order_lines.quantity_ordered
    from fct_order_lines
    left join dim_locations
        on fct_order_lines.location_key = dim_locations.location_key
    left join dim_order_statuses
        on
            fct_order_lines.order_status_key
            = dim_order_statuses.order_status_key
    where dim_order_statuses.counts_as_net_sales

),

lines_in_scopes as (

    select
        'overall' as scope,
        'All' as scope_value,
        sold_lines.product_key,
        sold_lines.order_id,
        sold_lines.customer_key,
        sold_lines.quantity_ordered
    from sold_lines

    union all

    select
        'region' as scope,
        sold_lines.region as scope_value,
        sold_lines.product_key,
        sold_lines.order_id,
        sold_lines.customer_key,
        sold_lines.quantity_ordered
    from sold_lines

    union all

    select
        'country' as scope,
        sold_lines.country_name as scope_value,
        sold_lines.product_key,
        sold_lines.order_id,
        sold_lines.customer_key,
        sold_lines.quantity_ordered
    from sold_lines

),

products_in_scopes as (

    select
        lines_in_scopes.scope,
        lines_in_scopes.scope_value,
        lines_in_scopes.product_key,
        sum(lines_in_scopes.quantity_ordered) as quantity_ordered,
        count(distinct lines_in_scopes.order_id) as order_count,
        count(distinct lines_in_scopes.customer_key) as customer_count
    from lines_in_scopes
    group by
        lines_in_scopes.scope,
        lines_in_scopes.scope_value,
        lines_in_scopes.product_key

),

final as (

    select
        products_in_scopes.product_key,
        dim_products.product_id,
        products_in_scopes.scope,
        products_in_scopes.scope_value,
        dim_products.product_name,
        dim_products.product_line,
        cast(
            row_number() over (
                partition by
                    products_in_scopes.scope,
                    products_in_scopes.scope_value
                order by
                    products_in_scopes.quantity_ordered desc,
                    products_in_scopes.order_count desc,
                    dim_products.product_id asc nulls last
            ) as bigint
        ) as popularity_rank,
        cast(products_in_scopes.quantity_ordered as bigint)
            as quantity_ordered,
        cast(products_in_scopes.order_count as bigint) as order_count,
        cast(products_in_scopes.customer_count as bigint) as customer_count
    from products_in_scopes
    left join dim_products
        on products_in_scopes.product_key = dim_products.product_key

)

select * from final
