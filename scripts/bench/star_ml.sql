-- For the recommender.

create temp table interactions as
select
    orders.customer_id,
    products.product_number,
    min(orders.order_date) as first_order_date,
    max(orders.order_date) as last_order_date,
    sum(orderdetails.quantityOrdered) as quantity_ordered,
    count(*) as order_count,
    sum(orderdetails.quantityOrdered * orderdetails.priceEach)
        as net_sales_amount
from orderdetails
inner join product_numbers as products using (productCode)
inner join keyed_orders as orders
    on orderdetails.orderNumber = orders.order_id
where orders.counts
group by all;

create table ml.ml_customer_product_interactions as
select
    customer_key,
    product_key,
    customer_id,
    product_id,
    first_order_date,
    last_order_date,
    cast(quantity_ordered as bigint) as quantity_ordered,
    order_count,
    cast(net_sales_amount as decimal(18, 2)) as net_sales_amount,
    cast(1 + ratio(4 * quantity_ordered, most_ordered) as decimal(9, 4))
        as implicit_rating
from interactions
inner join (
    select customer_id, max(quantity_ordered) as most_ordered
    from interactions
    group by all
) using (customer_id)
inner join product_numbers using (product_number)
inner join customer_keys using (customer_id);

create table ml.ml_popular_products as
with by_country as (
    select
        coalesce(customer_keys.country_name, 'Unknown') as country_name,
        product_number,
        sum(quantity_ordered) as quantity_ordered,
        sum(order_count) as order_count,
        count(*) as customer_count
    from interactions
    inner join customer_keys using (customer_id)
    group by all
),

scoped as (
    select
        case grouping(region, country_name)
            when 3 then 'overall' when 1 then 'region' else 'country'
        end as scope,
        coalesce(country_name, region, 'All') as scope_value,
        product_number,
        cast(sum(quantity_ordered) as bigint) as quantity_ordered,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(customer_count) as bigint) as customer_count
    from (
        select by_country.*, coalesce(countries.region, 'Unknown') as region
        from by_country
        left join countries using (country_name)
    )
    group by grouping sets (
        (product_number), (product_number, region),
        (product_number, country_name)
    )
)

select
    product_key,
    product_id,
    scope,
    scope_value,
    product_name,
    product_line,
    row_number() over (
        partition by scope, scope_value
        order by quantity_ordered desc, order_count desc, product_id
    ) as popularity_rank,
    quantity_ordered,
    order_count,
    customer_count
from scoped
inner join product_numbers using (product_number);

-- Each pair is counted once, as a number, and told both ways.
create temp table baskets as
select orderNumber as order_id, product_number
from orderdetails
inner join product_numbers using (productCode)
semi join (from keyed_orders where counts) as sold
    on orderdetails.orderNumber = sold.order_id;

create temp table product_pairs as
select
    a.product_number as first_number,
    b.product_number as second_number,
    count(*) as order_count
from baskets as a
inner join baskets as b
    on a.order_id = b.order_id and a.product_number < b.product_number
group by all;

create table ml.ml_product_affinities as
with product_orders as (
    select product_number, sum(order_count) as order_count
    from interactions
    group by all
),

all_orders as (
    select count(*) as order_count from keyed_orders
    where counts and line_count > 0
),

pairs as (
    from product_pairs
    union all
    select second_number, first_number, order_count from product_pairs
)

select
    antecedents.product_key as antecedent_product_key,
    consequents.product_key as consequent_product_key,
    antecedents.product_id as antecedent_product_id,
    consequents.product_id as consequent_product_id,
    antecedents.product_name as antecedent_product_name,
    consequents.product_name as consequent_product_name,
    pairs.order_count,
    cast(antecedent_orders.order_count as bigint) as antecedent_order_count,
    cast(consequent_orders.order_count as bigint) as consequent_order_count,
    ratio(pairs.order_count, all_orders.order_count) as support_pct,
    ratio(pairs.order_count, antecedent_orders.order_count)
        as confidence_pct,
    ratio(
        pairs.order_count * all_orders.order_count,
        antecedent_orders.order_count * consequent_orders.order_count
    ) as lift
from pairs
cross join all_orders
inner join product_numbers as antecedents
    on pairs.first_number = antecedents.product_number
inner join product_numbers as consequents
    on pairs.second_number = consequents.product_number
inner join product_orders as antecedent_orders
    on pairs.first_number = antecedent_orders.product_number
inner join product_orders as consequent_orders
    on pairs.second_number = consequent_orders.product_number;

create table ml.ml_recommendations as
with bought_together as (
    select
        customer_key,
        consequent_product_key as product_key,
        sum(confidence_pct) as score
    from ml.ml_customer_product_interactions
    inner join ml.ml_product_affinities
        on product_key = antecedent_product_key
    group by all
)

select
    customers.customer_key,
    everywhere.product_key,
    customers.customer_id,
    everywhere.product_id,
    everywhere.product_name,
    case
        when together.score is not null then 'bought together'
        when national.product_key is not null then 'popular in country'
        when regional.product_key is not null then 'popular in region'
        else 'popular overall'
    end as recommendation_method,
    row_number() over (
        partition by customers.customer_key
        order by
            together.score desc nulls last,
            national.popularity_rank nulls last,
            regional.popularity_rank nulls last,
            everywhere.popularity_rank
    ) as recommendation_rank,
    cast(
        coalesce(
            together.score,
            national.quantity_ordered,
            regional.quantity_ordered,
            everywhere.quantity_ordered
        ) as decimal(18, 4)
    ) as score
from marts.dim_customers as customers
cross join ml.ml_popular_products as everywhere
left join ml.ml_popular_products as regional
    on regional.scope = 'region'
    and customers.region = regional.scope_value
    and everywhere.product_key = regional.product_key
left join ml.ml_popular_products as national
    on national.scope = 'country'
    and customers.country_name = national.scope_value
    and everywhere.product_key = national.product_key
left join bought_together as together
    on customers.customer_key = together.customer_key
    and everywhere.product_key = together.product_key
anti join ml.ml_customer_product_interactions as bought
    on customers.customer_key = bought.customer_key
    and everywhere.product_key = bought.product_key
where everywhere.scope = 'overall' and customers.customer_id is not null
qualify recommendation_rank <= 10;
