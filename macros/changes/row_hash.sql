{% macro row_hash(values) -%}
    {{ adapter.dispatch('row_hash')(values | join(', ')) }}
{%- endmacro %}
