{% macro default__row_hash(values) -%}
    hash({{ values }})
{%- endmacro %}

{% macro postgres__row_hash(values) -%}
    hashtextextended(cast(row({{ values }}) as text), 0)
{%- endmacro %}
