{% macro sales_totals(
    lines,
    amounts=[
        'ordered_amount', 'cancelled_amount', 'net_sales_amount',
        'margin_amount', 'net_margin_amount',
    ]
) -%}
    count(distinct {{ lines }}.order_id) as order_count,
    cast(coalesce(sum({{ lines }}.quantity_ordered), 0) as bigint)
        as quantity_ordered
    {%- for amount in amounts %},
    cast(coalesce(sum({{ lines }}.{{ amount }}), 0) as decimal(18, 2))
        as {{ amount }}
    {%- endfor %}
{%- endmacro %}
