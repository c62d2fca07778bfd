{% macro spark__partitioned_hashes() -%}
    {#- A line whose order is lost is of no day. -#}
    {%- set key = config.get('unique_key') -%}
    {%- set partition = config.get('partition_by') -%}
    select
        hashes.{{ key }},
        coalesce(orders.{{ partition }}, -1) as {{ partition }},
        hashes.content_hash
    from ({{ content_hashes() }}) as hashes
    left join {{ ref('int_orders') }} as orders
        on hashes.{{ key }} = orders.{{ key }}
{%- endmacro %}
