{% macro raw_input(table_name) -%}
    {%- if target.name in ['files', 'mysql'] -%}
        {{ return(source('classicmodels', table_name)) }}
    {%- endif -%}
    {{ return(ref(table_name)) }}
{%- endmacro %}
