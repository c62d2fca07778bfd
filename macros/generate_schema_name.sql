{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- A DuckDB file is one environment; a shared server needs the prefix. -#}
    {%- if target.type == 'duckdb' and custom_schema_name is not none -%}
        {{ custom_schema_name | trim }}
    {%- else -%}
        {{ default__generate_schema_name(custom_schema_name, node) }}
    {%- endif -%}
{%- endmacro %}
