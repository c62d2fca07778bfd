{% macro surrogate_key(columns) -%}
    {#- 52 bits: exact also where whole numbers are doubles, as in JavaScript. -#}
    cast('0x' || left({{ dbt_utils.generate_surrogate_key(columns) }}, 13) as bigint)
{%- endmacro %}
