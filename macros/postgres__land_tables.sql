{% macro postgres__land_tables() -%}
    {#- make land has done it: PostgreSQL reads no files. -#}
{%- endmacro %}
