{% macro load_totals(table_name, from_last_good=false) -%}
    {%- set tables = {} -%}
    {%- for table in [table_name] + (['orders'] if table_name == 'order_lines' else []) -%}
        {%- do tables.update({table: last_good(table) if from_last_good else ref('stg_' ~ table)}) -%}
    {%- endfor -%}
    {%- set month_of = "cast(cast(" ~ dbt.date_trunc('month', 'DAY') ~ " as date) as "
        ~ dbt.type_string() ~ ")" -%}
    {%- set order_month = month_of.replace('DAY', 'orders.order_date') -%}
    {%- set payment_month = month_of.replace('DAY', 'payments.payment_date') -%}
    {#- Not from the seed of the statuses: a test that reads it holds back only
    models that read it too. -#}
    {%- set cancelled_count = 'sum(case when order_status = \'Cancelled\' then 1 else 0 end)' -%}
    {%- set ordered_amount = 'sum(quantity_ordered * unit_price_amount)' -%}
    {%- set shipped_order = 'case when orders.has_shipped_date'
        ~ ' then order_lines.order_id end' -%}
    {%- set groups = {
        'orders': [
            ['cancelled_count', cancelled_count, 'table', sql_text('orders')],
            ['row_count', 'count(*)', 'month', order_month],
            ['row_count', 'count(*)', 'customer', 'customer_id'],
            ['cancelled_count', cancelled_count, 'customer', 'customer_id'],
        ],
        'order_lines': [
            ['quantity_ordered', 'sum(quantity_ordered)', 'month', order_month],
            ['ordered_amount', ordered_amount, 'month', order_month],
            ['quantity_ordered', 'sum(quantity_ordered)', 'product', 'product_id'],
            ['ordered_amount', ordered_amount, 'customer', 'orders.customer_id'],
            ['ordered_amount', ordered_amount, 'shipped order', shipped_order],
            [
                'quantity_by_line_number', 'sum(quantity_ordered * order_line_number)',
                'shipped order', shipped_order,
            ],
        ],
        'payments': [
            ['payment_amount', 'sum(payment_amount)', 'month', payment_month],
            ['payment_amount', 'sum(payment_amount)', 'customer', 'customer_id'],
        ],
    }.get(table_name, []) -%}
    {%- for measure, total, group, value in
        [['row_count', 'count(*)', 'table', sql_text(table_name)]] + groups %}
    {%- set group_value = "coalesce(cast(" ~ value ~ " as " ~ dbt.type_string() ~ "), 'none')" %}
    select
        {{ sql_text(measure) }} as measure_name,
        {{ sql_text(group) }} as group_name,
        {{ group_value }} as group_value,
        cast({{ total }} as decimal(18, 2)) as total
    from {{ tables[table_name] }} as {{ table_name }}
    {%- if table_name == 'order_lines' %}
    left join {{ tables['orders'] }} as orders
        on order_lines.order_id = orders.order_id
    {%- endif %}
    group by {{ group_value }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
