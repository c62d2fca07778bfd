-- What does a recommender have to beat? Each customer's last order is left out,
-- simple methods name ten products from the other orders, and so does chance.
with

rpt_sales as (

    select * from {{ ref('rpt_sales') }}

),

lines_in_order as (

    select
        customer_id,
        country_name,
        order_id,
        product_id,
        quantity_ordered,
        dense_rank() over (
            partition by customer_id order by order_date asc, order_id asc
        ) as order_number,
        dense_rank() over (
            partition by customer_id order by order_date desc, order_id desc
        ) as order_number_from_last
    from rpt_sales
    where counts_as_net_sales

),

left_out_lines as (

    select * from lines_in_order
    where order_number_from_last = 1 and order_number > 1

),

-- All that a method may know.
known_lines as (

    select * from lines_in_order
    where order_number_from_last > 1 or order_number = 1

),

products as (

    select
        product_id,
        count(*) as order_count,
        count(distinct customer_id) as customer_count,
        sum(quantity_ordered) as quantity_ordered
    from known_lines
    group by product_id

),

country_products as (

    select
        country_name,
        product_id,
        sum(quantity_ordered) as quantity_ordered
    from known_lines
    group by
        country_name,
        product_id

),

customer_products as (

    select
        customer_id,
        product_id,
        count(*) as order_count
    from known_lines
    group by
        customer_id,
        product_id

),

product_pairs as (

    select
        firsts.product_id,
        seconds.product_id as other_product_id,
        count(distinct firsts.customer_id) as customer_count,
        count(distinct case
            when firsts.order_id = seconds.order_id then firsts.order_id
        end) as order_count
    from known_lines as firsts
    inner join known_lines as seconds
        on
            firsts.customer_id = seconds.customer_id
            and firsts.product_id != seconds.product_id
    group by
        firsts.product_id,
        seconds.product_id

),

-- Item to item is the cosine of the customers of two products.
similarities as (

    select
        customer_products.customer_id,
        product_pairs.other_product_id as product_id,
        sum({{ ratio(
            'product_pairs.order_count', 'products.order_count', 8
        ) }}) as bought_together,
        sum(cast(
            product_pairs.customer_count
            / sqrt(products.customer_count * other_products.customer_count)
            as decimal(18, 8)
        )) as item_to_item
    from customer_products
    inner join product_pairs
        on customer_products.product_id = product_pairs.product_id
    inner join products
        on product_pairs.product_id = products.product_id
    inner join products as other_products
        on product_pairs.other_product_id = other_products.product_id
    group by
        customer_products.customer_id,
        product_pairs.other_product_id

),

customers as (

    select distinct
        customer_id,
        country_name
    from left_out_lines

),

recommendations as (

    select
        aims.task,
        methods.method,
        customers.customer_id,
        case when left_out_lines.product_id is null then 0 else 1 end as hits,
        row_number() over (
            partition by aims.task, methods.method, customers.customer_id
            order by
                case methods.method
                    when 'popular in country'
                        then country_products.quantity_ordered
                    when 'bought together' then similarities.bought_together
                    when 'item to item' then similarities.item_to_item
                    when 'buy again' then customer_products.order_count
                end desc nulls last,
                products.quantity_ordered desc,
                products.product_id asc
        ) as recommendation_rank
    from customers
    cross join products
    cross join (values ('all products'), ('new products')) as aims (task)
    cross join (
        values
        ('popular in country'),
        ('popular overall'),
        ('bought together'),
        ('item to item'),
        ('buy again'),
        ('ten at random')
    ) as methods (method)
    left join left_out_lines
        on
            customers.customer_id = left_out_lines.customer_id
            and products.product_id = left_out_lines.product_id
    left join country_products
        on
            customers.country_name = country_products.country_name
            and products.product_id = country_products.product_id
    left join similarities
        on
            customers.customer_id = similarities.customer_id
            and products.product_id = similarities.product_id
    left join customer_products
        on
            customers.customer_id = customer_products.customer_id
            and products.product_id = customer_products.product_id
    where
        aims.task = 'all products'
        or (
            methods.method != 'buy again'
            and customer_products.product_id is null
        )

),

hits_by_customer as (

    select
        task,
        method,
        sum(hits) as product_count,
        sum(case when recommendation_rank <= 10 then hits else 0 end) as hits,
        least(1.0, 10.0 / count(*)) as chance_recall,
        -- The probability that not each of the ten misses.
        1
        {%- for i in range(10) %}
            {{ '*' if i else '-' }} (
                1 - least(1, 1.0 * sum(hits) / greatest(count(*) - {{ i }}, 1))
            )
        {%- endfor %} as chance_hit_rate
    from recommendations
    group by
        task,
        method,
        customer_id
    having sum(hits) > 0

),

results as (

    select
        task,
        method,
        chance_recall,
        case
            when method = 'ten at random' then chance_recall
            else 1.0 * hits / product_count
        end as recall,
        case
            when method = 'ten at random' then chance_hit_rate
            when hits > 0 then 1.0
            else 0.0
        end as hit_rate
    from hits_by_customer

),

final as (

    select
        task,
        method,
        cast(count(*) as bigint) as customer_count,
        cast(avg(hit_rate) as decimal(9, 4)) as hit_rate,
        cast(avg(recall) as decimal(9, 4)) as recall_at_10,
        cast(
            case when method != 'ten at random' then stddev_samp(recall) end
            / sqrt(count(*)) as decimal(9, 4)
        ) as recall_standard_error,
        -- Between -2 and 2 it may well be luck.
        cast(
            avg(recall - chance_recall) * sqrt(count(*))
            / nullif(stddev_samp(recall - chance_recall), 0) as decimal(9, 2)
        ) as standard_errors_above_chance
    from results
    group by
        task,
        method

)

select * from final
order by
    task asc,
    recall_at_10 desc,
    method asc
