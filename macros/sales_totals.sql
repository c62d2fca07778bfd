{% macro sales_totals(
    fact,
    amounts=[
        'ordered_amount', 'cancelled_amount', 'net_sales_amount', 'cost_amount',
        'margin_amount', 'net_margin_amount',
    ],
    is_order_repeated=true
) -%}
    count({{ 'distinct ' if is_order_repeated }}{{ fact }}.order_id) as order_count,
    cast(coalesce(sum({{ fact }}.quantity_ordered), 0) as bigint)
        as quantity_ordered
    {%- for amount in amounts %},
    cast(coalesce(sum({{ fact }}.{{ amount }}), 0) as decimal(18, 2))
        as {{ amount }}
    {%- endfor %}
{%- endmacro %}
