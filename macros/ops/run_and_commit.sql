{% macro run_and_commit(sql) -%}
    {#- Hooks run outside of a transaction that dbt would commit. -#}
    {%- if sql | trim -%}
        {%- do run_query(sql) -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}
