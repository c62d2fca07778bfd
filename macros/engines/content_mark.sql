{% macro postgres__content_mark() -%}
    {#- With the number of the table: one that anything else has made has another. -#}
    {%- set table = run_query("select cast(to_regclass(" ~ sql_text(this) ~ ") as oid)") -%}
    {{ return(content_mark() ~ ' ' ~ table.rows[0][0]) }}
{%- endmacro %}
