{% macro raw_input(table_name) -%}
    {%- if target.name in ['files', 'mysql']
        or (target.type != 'duckdb' and env_var('CLASSICMODELS_FILES', '')) -%}
        {{ return(source('classicmodels', table_name)) }}
    {%- endif -%}
    {{ return(ref(table_name)) }}
{%- endmacro %}
