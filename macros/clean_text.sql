{% macro clean_text(column) -%}
    {%- set spaced = namespace(sql=column) -%}
    {%- for code in [9, 10, 13, 160] -%}
        {%- set spaced.sql = "replace(" ~ spaced.sql ~ ", chr(" ~ code ~ "), ' ')" -%}
    {%- endfor -%}
    {#- Marks every blank, drops each mark that a blank follows, then the rest. -#}
    nullif(
        trim(replace(replace(replace(
            {{ spaced.sql }}, ' ', ' ' || chr(1)
        ), chr(1) || ' ', ''), chr(1), '')),
        ''
    )
{%- endmacro %}
