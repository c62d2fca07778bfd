{% macro run_and_commit(sql) -%}
    {#- Hooks run outside of a transaction that dbt would commit. -#}
    {%- if sql | trim -%}
        {%- call statement() -%}{{ sql }}{%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}
