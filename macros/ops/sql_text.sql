{% macro sql_text(value) -%}
    {%- if value -%}
        '{{ dbt.escape_single_quotes(value | string) }}'
    {%- else -%}
        null
    {%- endif -%}
{%- endmacro %}
