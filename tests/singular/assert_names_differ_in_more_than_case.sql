-- Odd, but possible: two shops with one name.
{{ config(severity='warn') }}

with

stg_customers as (

    select * from {{ ref('stg_customers') }}

),

stg_products as (

    select * from {{ ref('stg_products') }}

),

named as (

    select
        'customer' as kind,
        stg_customers.customer_name as full_name
    from stg_customers

    union

    select
        'product' as kind,
        stg_products.product_name as full_name
    from stg_products

),

final as (

    select
        kind,
        min(full_name) as first_name,
        max(full_name) as last_name
    from named
    group by
        kind,
        lower(replace(full_name, ' ', ''))
    having count(*) > 1

)

select * from final
