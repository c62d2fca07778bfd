{#- The cells of the dashboard, as temporary tables. cells.py renders it with

    by_order: whether they are those of single orders, or of months
    rows: of the facts, as SQL, by semantic model
    sums, counts, people: what the order lines add up, and whose orders and
        customers they count; order_sums, paid: what orders and payments add up
    best: what makes one customer better than another
    late: what counts late orders
    listed: so many customers and late orders of each place are listed -#}
{%- autoescape false -%}
{#- The last key differs most from row to row, which makes the page lighter. An
    order has the rest of its keys in the table heads. -#}
{%- set first = "order_id" if by_order else "place, status" -%}
{%- set last = "" if by_order else ", date" -%}
{%- set people_by_order = people if by_order else [] -%}

{%- macro total(measures) -%}
    {% for one in measures %}
    , cast(coalesce(sum({{ one.value }}) filter (where {{ one.condition }}), 0) as bigint)
        as "{{ one.name }}"
    {% endfor %}
{%- endmacro -%}

{%- macro summed(measures) -%}
    {% for one in measures %}
    , cast(coalesce(sum("{{ one.name }}"), 0) as bigint) as "{{ one.name }}"
    {% endfor %}
{%- endmacro -%}

-- The members of the dimensions by number, from 1: 0 is a lost member.
create temp table place_numbers as
select
    location_key,
    dense_rank() over (order by country_name, region) as place,
    country_name,
    region,
    cast(latitude as double) as latitude,
    cast(longitude as double) as longitude
from marts.dim_locations
where location_key in (
    select location_key from marts.dim_customers where customer_id is not null
    union all
    select location_key from marts.fct_orders
    union all
    select location_key from marts.fct_payments
);

create temp table date_numbers as
select
    date_key,
    dense_rank() over (order by day) as date,
    day,
    days_before_as_of_date between 0 and 59 as is_recent,
    cast(days_before_as_of_date < 30 as integer) as is_now
from (
    select
        date_key,
        days_before_as_of_date,
        coalesce(
            strftime({{ "date_day" if by_order else "month_start_date" }}, '%Y-%m-%d'), ''
        ) as day
    from marts.dim_dates
)
where date_key in (
    select order_date_key from marts.fct_orders
    union all
    select payment_date_key from marts.fct_payments
);

create temp table status_numbers as
select
    order_status_key,
    row_number() over (order by sort_order, order_status) as status,
    order_status
from marts.dim_order_statuses
where order_status_key in (select order_status_key from marts.fct_orders);

create temp table product_numbers as
select
    product_key,
    dense_rank() over (order by product_id) as product,
    dense_rank() over (order by product_line) as line,
    product_id,
    product_name,
    product_line
from marts.dim_products;

create temp table customer_numbers as
select
    customer_key,
    row_number() over (order by customer_id, customer_key) as customer,
    customer_id,
    customer_name,
    coalesce(place, 0) as home
from marts.dim_customers
left join place_numbers using (location_key);

-- No product stands twice in an order, as a test of the fact sees to.
create temp table sold_cells as
select
    coalesce(place, 0) as place,
    coalesce(status, 0) as status,
    coalesce(date, 0) as date,
    coalesce(product, 0) as product,
    coalesce(line, 0) as line
    {% if by_order %}
    , order_id
    {% endif %}
    {{ total(sums + counts) }}
from {{ rows.order_lines }} as order_lines
left join place_numbers using (location_key)
left join status_numbers using (order_status_key)
left join date_numbers on order_lines.order_date_key = date_numbers.date_key
left join product_numbers using (product_key)
group by all;

-- A set of product lines is a number with a bit for each. What counts orders or
-- customers has the set of the lines for which the order counts.
create temp table order_rows as
select
    sets.*,
    coalesce(place, 0) as place,
    coalesce(status, 0) as status,
    coalesce(date, 0) as date,
    coalesce(customer, 0) as customer,
    order_date_key,
    required_date_key,
    shipped_date_key,
    days_late
    {% for one in order_sums %}
    , case when {{ one.condition }} then {{ one.value }} else 0 end as "{{ one.name }}"
    {% endfor %}
from (
    select
        order_id,
        bit_or(cast(1 as bigint) << coalesce(line, 0)) as lines
        {% for one in counts + people %}
        , bit_or(cast(1 as bigint) << coalesce(line, 0)) filter (where {{ one.condition }})
            as "{{ one.name }}"
        {% endfor %}
        {{ total(sums) }}
    from {{ rows.order_lines }}
    left join product_numbers using (product_key)
    group by order_id
) as sets
left join {{ rows.orders }} as orders using (order_id)
left join place_numbers using (location_key)
left join status_numbers using (order_status_key)
left join date_numbers on orders.order_date_key = date_numbers.date_key
left join customer_numbers using (customer_key);

{% if by_order %}
-- Days after the day of the order, counted from 1: 0 is a day that is not known.
create temp table heads as
select
    order_id,
    place,
    customer,
    status,
    order_rows.date
    {% for name in ("required", "shipped") %}
    , coalesce({{ name }}.date_day - ordered.date_day + 1, 0) as {{ name }}
    {% endfor %}
    , coalesce(days_late, 0) as days_late
from order_rows
{% for name, key in (("ordered", "order"), ("required", "required"), ("shipped", "shipped")) %}
left join marts.dim_dates as {{ name }} on order_rows.{{ key }}_date_key = {{ name }}.date_key
{% endfor %}
order by order_id;

{% endif %}
create temp table orders as
select {{ first }}, lines {{ last }} {{ summed(counts + people_by_order + order_sums) }}
from (
    select {{ first }}, lines {{ last }} {{ summed(order_sums) }}
    from order_rows
    group by all
    {% for one in counts + people_by_order %}
    union all by name
    select {{ first }}, "{{ one.name }}" as lines {{ last }}, count(*) as "{{ one.name }}"
    from order_rows
    where "{{ one.name }}" is not null
    group by all
    {% endfor %}
)
group by all
order by {{ first }}, lines {{ last }};

create temp table lines as
select {{ first }}, line {{ last }} {{ summed(sums + counts) }}
from (
    select {{ first }}, line {{ last }} {{ summed(sums) }}
    from sold_cells
    group by all
    union all by name
    select {{ first }}, line {{ last }} {{ summed(counts) }}
    from orders
    inner join (select distinct line from product_numbers) on (lines >> line) & 1 = 1
    group by all
)
group by all
order by {{ first }}, line {{ last }};

create temp table recent as
select
    coalesce(place, 0) as place,
    coalesce(status, 0) as status,
    coalesce(line, 0) as line,
    is_now
    {% if by_order %}
    , coalesce(customer, 0) as customer
    , order_id
    {% endif %}
    {{ total(sums) }}
    {% for one in counts %}
    , count(distinct order_id) filter (where {{ one.condition }}) as "{{ one.name }}"
    {% endfor %}
from {{ rows.order_lines }} as order_lines
inner join date_numbers on order_lines.order_date_key = date_numbers.date_key
left join place_numbers using (location_key)
left join status_numbers using (order_status_key)
left join product_numbers using (product_key)
left join customer_numbers using (customer_key)
where is_recent
group by all
order by all;

create temp table payments as
select
    coalesce(place, 0) as place
    {% if by_order %}
    , coalesce(customer, 0) as customer
    {% endif %}
    , coalesce(date, 0) as date
    {{ total(paid) }}
from {{ rows.payments }} as payments
left join place_numbers using (location_key)
left join date_numbers on payments.payment_date_key = date_numbers.date_key
left join customer_numbers using (customer_key)
group by all
order by all;

-- As of the end of a month, which the report names.
create temp table balances as
select
    coalesce(home, 0) as place,
    coalesce(customer, 0) as customer,
    cast(100 * coalesce(credit_limit_amount, 0) as bigint) as credit_limit_amount,
    cast(is_over_credit_limit as integer) as is_over_credit_limit
    {% for name in owed %}
    , cast(100 * {{ name }} as bigint) as {{ name }}
    {% endfor %}
from reporting.rpt_customer_receivables
left join customer_numbers using (customer_key)
where net_sales_to_date_amount != 0 or paid_to_date_amount != 0;

create temp table receivables as
select *
from balances
{% if not by_order %}
qualify row_number() over (partition by place order by balance_amount desc, customer)
    <= {{ listed }}
{% endif %}
order by place, customer;

{% if by_order %}
create temp table products as
select order_id, product {{ summed(sums + counts) }}
from sold_cells
group by all
order by order_id, product;
{% else %}
{% for name, key in (("products", "place"), ("products_by_month", "date")) %}
create temp table {{ name }} as
select product, {{ key }} {{ summed(sums + counts) }}
from sold_cells
group by all
order by product, {{ key }};
{% endfor %}
{% endif %}

{% if not by_order %}
create temp table receivables_by_place as
select place {% for name in owed %}, sum({{ name }}) as {{ name }} {% endfor %}
from balances
group by place
order by place;

create temp table late as
select
    order_id,
    place,
    status
    {% for one in sums + order_sums %}
    , "{{ one.name }}"
    {% endfor %}
    {% for one in counts %}
    , cast("{{ one.name }}" is not null as integer) as "{{ one.name }}"
    {% endfor %}
from order_rows
where {% for one in late %}"{{ one.name }}" > 0 or {% endfor %}false
qualify row_number() over (partition by place order by days_late desc, order_id) <= {{ listed }}
order by order_id;

create temp table customers as
select
    place,
    customer
    {{ summed(sums + order_sums) }}
    {% for one in counts %}
    , count("{{ one.name }}") as "{{ one.name }}"
    {% endfor %}
from order_rows
group by place, customer
qualify row_number() over (partition by place order by sum("{{ best.name }}") desc, customer)
    <= {{ listed }}
order by place, customer;

-- A customer is counted once in a range of months: in the first with an order,
-- which is the one whose order before came before the range.
create temp table customers_by_month as
select place, previous, date {{ summed(people) }}
from (
    select place, date, 0 as previous from order_rows where false
    {% for one in people %}
    union all by name
    select place, date, previous, count(*) as "{{ one.name }}"
    from (
        select place, date, lag(date, 1, 0) over (
            partition by customer, place order by date
        ) as previous
        from (
            select distinct customer, place, date
            from order_rows
            where "{{ one.name }}" is not null
        )
    )
    group by all
    {% endfor %}
)
group by all
order by place, previous, date;

-- By the set of all product lines that a customer ever ordered.
create temp table customers_by_lines as
select place, lines {{ summed(people) }}
from (
    select place, lines from order_rows where false
    {% for one in people %}
    union all by name
    select place, lines, count(*) as "{{ one.name }}"
    from (
        select customer, place, bit_or("{{ one.name }}") as lines
        from order_rows
        where "{{ one.name }}" is not null
        group by all
    )
    group by all
    {% endfor %}
)
group by all
order by place, lines;
{% endif %}
{% endautoescape %}
