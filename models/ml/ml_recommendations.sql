with

dim_customers as (

    select * from {{ ref('dim_customers') }}

),

ml_customer_product_interactions as (

    select * from {{ ref('ml_customer_product_interactions') }}

),

ml_popular_products as (

    select * from {{ ref('ml_popular_products') }}

),

ml_product_affinities as (

    select * from {{ ref('ml_product_affinities') }}

),

bought_together as (

    select
        ml_customer_product_interactions.customer_key,
        ml_product_affinities.consequent_product_key as product_key,
        sum(ml_product_affinities.confidence_pct) as score
    from ml_customer_product_interactions
    inner join ml_product_affinities
        on
            ml_customer_product_interactions.product_key
            = ml_product_affinities.antecedent_product_key
    group by
        ml_customer_product_interactions.customer_key,
        ml_product_affinities.consequent_product_key

),

-- Each product that sold has a rank overall.
ranked_products as (

    select
        dim_customers.customer_key,
        popular_overall.product_key,
        dim_customers.customer_id,
        popular_overall.product_id,
        popular_overall.product_name,
        case
            when bought_together.score is not null then 'bought together'
            when popular_in_country.product_key is not null
                then 'popular in country'
            when popular_in_region.product_key is not null
                then 'popular in region'
            else 'popular overall'
        end as recommendation_method,
        row_number() over (
            partition by dim_customers.customer_key
            order by
                bought_together.score desc nulls last,
                popular_in_country.popularity_rank asc nulls last,
                popular_in_region.popularity_rank asc nulls last,
                popular_overall.popularity_rank asc
        ) as recommendation_rank,
        coalesce(
            bought_together.score,
            popular_in_country.quantity_ordered,
            popular_in_region.quantity_ordered,
            popular_overall.quantity_ordered
        ) as score
    from dim_customers
    cross join ml_popular_products as popular_overall
    left join ml_popular_products as popular_in_region
        on
            dim_customers.region = popular_in_region.scope_value
            and popular_overall.product_key = popular_in_region.product_key
            and popular_in_region.scope = 'region'
    left join ml_popular_products as popular_in_country
        on
            dim_customers.country_name = popular_in_country.scope_value
            and popular_overall.product_key = popular_in_country.product_key
            and popular_in_country.scope = 'country'
    left join bought_together
        on
            dim_customers.customer_key = bought_together.customer_key
            and popular_overall.product_key = bought_together.product_key
    left join ml_customer_product_interactions
        on
            dim_customers.customer_key
            = ml_customer_product_interactions.customer_key
            and popular_overall.product_key
            = ml_customer_product_interactions.product_key
    where
        dim_customers.customer_id is not null
        and popular_overall.scope = 'overall'
        and ml_customer_product_interactions.product_key is null

),

final as (

    select
        ranked_products.customer_key,
        ranked_products.product_key,
        ranked_products.customer_id,
        ranked_products.product_id,
        ranked_products.product_name,
        ranked_products.recommendation_method,
        cast(ranked_products.recommendation_rank as bigint)
            as recommendation_rank,
        cast(ranked_products.score as decimal(18, 4)) as score
    from ranked_products
    where ranked_products.recommendation_rank <= 10

)

select * from final
