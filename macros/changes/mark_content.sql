{% macro default__mark_content() -%}
    alter table {{ this }} alter column {{ model.columns.keys() | first }}
        set default {{ sql_text(content_mark()) }}
{%- endmacro %}

{% macro postgres__mark_content() -%}
    comment on table {{ held_content() }} is {{ sql_text(postgres__content_mark()) }}
{%- endmacro %}

{% macro postgres__content_mark() -%}
    {#- With the number of the table: one that anything else has made has another. -#}
    {%- set table = run_query("select cast(to_regclass(" ~ sql_text(this) ~ ") as oid)") -%}
    {{ return(content_mark() ~ ' ' ~ table.rows[0][0]) }}
{%- endmacro %}
