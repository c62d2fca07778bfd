{% macro sql_text(value) -%}
    {%- if value is not none and value != '' -%}
        '{{ dbt.escape_single_quotes(value | string) }}'
    {%- else -%}
        null
    {%- endif -%}
{%- endmacro %}
