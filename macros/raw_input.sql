{% macro raw_input(table_name) -%}
    {%- if reads_source() -%}
        {{ return(source('classicmodels', table_name)) }}
    {%- endif -%}
    {{ return(ref(table_name)) }}
{%- endmacro %}
