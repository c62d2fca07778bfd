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

-- A product stands once in an order.
baskets as (

    select
        fct_order_lines.order_id,
        fct_order_lines.product_key
    from fct_order_lines
    left join dim_order_statuses
        on
            fct_order_lines.order_status_key
            = dim_order_statuses.order_status_key
    where dim_order_statuses.counts_as_net_sales

),

all_baskets as (

    select count(distinct baskets.order_id) as order_count from baskets

),

baskets_by_product as (

    select
        baskets.product_key,
        count(*) as order_count
    from baskets
    group by baskets.product_key

),

-- Each pair once, and then both ways.
counted_pairs as (

    select
        firsts.product_key as first_product_key,
        seconds.product_key as second_product_key,
        count(*) as order_count
    from baskets as firsts
    inner join baskets as seconds
        on
            firsts.order_id = seconds.order_id
            and firsts.product_key < seconds.product_key
    group by
        firsts.product_key,
        seconds.product_key

),

product_pairs as (

    select
        counted_pairs.first_product_key as antecedent_product_key,
        counted_pairs.second_product_key as consequent_product_key,
        counted_pairs.order_count
    from counted_pairs

    union all

    select
        counted_pairs.second_product_key as antecedent_product_key,
        counted_pairs.first_product_key as consequent_product_key,
        counted_pairs.order_count
    from counted_pairs

),

final as (

    select
        product_pairs.antecedent_product_key,
        product_pairs.consequent_product_key,
        antecedent_products.product_id as antecedent_product_id,
        consequent_products.product_id as consequent_product_id,
        antecedent_products.product_name as antecedent_product_name,
        consequent_products.product_name as consequent_product_name,
        cast(product_pairs.order_count as bigint) as order_count,
        cast(antecedents.order_count as bigint) as antecedent_order_count,
        cast(consequents.order_count as bigint) as consequent_order_count,
        {{ ratio('product_pairs.order_count', 'all_baskets.order_count') }}
            as support_pct,
        {{ ratio('product_pairs.order_count', 'antecedents.order_count') }}
            as confidence_pct,
        {{ ratio(
            'product_pairs.order_count * all_baskets.order_count',
            '(antecedents.order_count * consequents.order_count)',
        ) }} as lift
    from product_pairs
    cross join all_baskets
    left join baskets_by_product as antecedents
        on product_pairs.antecedent_product_key = antecedents.product_key
    left join baskets_by_product as consequents
        on product_pairs.consequent_product_key = consequents.product_key
    left join dim_products as antecedent_products
        on
            product_pairs.antecedent_product_key
            = antecedent_products.product_key
    left join dim_products as consequent_products
        on
            product_pairs.consequent_product_key
            = consequent_products.product_key

)

select * from final
