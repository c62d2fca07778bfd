{% macro default__row_hash(values) -%}
    hash({{ values.replace('.*', '') }})
{%- endmacro %}

{% macro postgres__row_hash(values) -%}
    hashtextextended(cast(row({{ values }}) as text), 0)
{%- endmacro %}

{% macro spark__row_hash(values) -%}
    {#- The hash of a null is that of nothing: without the names a value could move
    to another column. A decimal, as sums of whole numbers overflow. -#}
    cast(xxhash64(to_json(struct({{ values }}))) as decimal(20, 0))
{%- endmacro %}
