{% macro content_hashes() -%}
    {#- The sum is of hashes of hashes. DuckDB combines those of a row's columns
    by xor: without the second one the sum would miss one in a hundred million
    swaps of two lines' last values. -#}
    with
    {%- if this.identifier == 'fct_order_lines' %}
    orders as (select * from {{ ref('int_orders') }}),
    lines as (select * from {{ ref('stg_order_lines') }}),
    products as (
        select product_id, {{ row_hash(['stg_products']) }} as product_hash
        from {{ ref('stg_products') }}
    ),
    parts as (
        select order_id, {{ row_hash(['orders']) }} as part_hash from orders
        union all
        select lines.order_id, {{ row_hash(['lines', 'products.product_hash']) }}
        from lines
        left join products on lines.product_id = products.product_id
    )
    select order_id, {{ row_hash(['sum(' ~ row_hash(['part_hash']) ~ ')']) }} as content_hash
    from parts
    group by order_id
    {%- elif this.identifier == 'fct_orders' %}
    {%- set measures = [] %}
    {%- for name in graph.nodes['model.' ~ project_name ~ '.fct_order_lines'].columns
        if name.endswith(('_amount', '_ordered')) %}
        {%- do measures.append(name) %}
    {%- endfor %}
    orders as (select * from {{ ref('int_orders') }}),
    lines as (
        select order_id, {{ measures | join(', ') }}
        from {{ ref('fct_order_lines') }}
    ),
    parts as (
        select order_id, {{ row_hash(['orders']) }} as part_hash from orders
        union all
        select order_id, {{ row_hash(['lines']) }} from lines
        union all
        select orders.order_id, {{ row_hash(['as_of_dates.as_of_date']) }}
        from orders
        cross join {{ as_of_date() }} as as_of_dates
        where orders.shipped_date is null
    )
    select order_id, {{ row_hash(['sum(' ~ row_hash(['part_hash']) ~ ')']) }} as content_hash
    from parts
    group by order_id
    {%- else %}
    customers as (select * from {{ ref('dim_customers') }}),
    versions as (select * from {{ ref('dim_customer_versions') }}),
    orders as (select * from {{ ref('fct_orders') }}),
    payments as (select * from {{ ref('fct_payments') }}),
    parts as (
        select
            customer_key,
            {{ row_hash(['customers']) }} as part_hash,
            cast(null as integer) as date_key
        from customers
        union all
        select customer_key, {{ row_hash(['versions']) }}, null from versions
        union all
        select
            customer_key,
            {{ row_hash(['order_date_key', 'net_sales_amount']) }},
            order_date_key
        from orders
        union all
        select customer_key, {{ row_hash(['payments']) }}, payment_date_key from payments
    )
    select
        customer_key,
        {{ row_hash([
            'sum(' ~ row_hash(['part_hash']) ~ ')',
            'floor(min(min(date_key)) over () / 100)',
            'floor(max(max(date_key)) over () / 100)',
        ]) }} as content_hash
    from parts
    group by customer_key
    {%- endif %}
{%- endmacro %}
