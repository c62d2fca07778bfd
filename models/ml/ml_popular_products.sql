with

ml_customer_product_interactions as (

    select * from {{ ref('ml_customer_product_interactions') }}

),

dim_customers as (

    select * from {{ ref('dim_customers') }}

),

dim_products as (

    select * from {{ ref('dim_products') }}

),

-- A customer is in one place: one row of interactions is one customer.
products_by_country as (

    select
        ml_customer_product_interactions.product_key,
        dim_customers.region,
        dim_customers.country_name,
        sum(ml_customer_product_interactions.quantity_ordered)
            as quantity_ordered,
        sum(ml_customer_product_interactions.order_count) as order_count,
        count(*) as customer_count
    from ml_customer_product_interactions
    left join dim_customers
        on
            ml_customer_product_interactions.customer_key
            = dim_customers.customer_key
    group by
        ml_customer_product_interactions.product_key,
        dim_customers.region,
        dim_customers.country_name

),

countries_in_scopes as (

    select
        'overall' as scope,
        'All' as scope_value,
        products_by_country.*
    from products_by_country

    union all

    select
        'region' as scope,
        products_by_country.region as scope_value,
        products_by_country.*
    from products_by_country

    union all

    select
        'country' as scope,
        products_by_country.country_name as scope_value,
        products_by_country.*
    from products_by_country

),

products_in_scopes as (

    select
        countries_in_scopes.scope,
        countries_in_scopes.scope_value,
        countries_in_scopes.product_key,
        sum(countries_in_scopes.quantity_ordered) as quantity_ordered,
        sum(countries_in_scopes.order_count) as order_count,
        sum(countries_in_scopes.customer_count) as customer_count
    from countries_in_scopes
    group by
        countries_in_scopes.scope,
        countries_in_scopes.scope_value,
        countries_in_scopes.product_key

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
