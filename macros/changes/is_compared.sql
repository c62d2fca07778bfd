{% macro is_compared() -%}
    {#- In this run, which names the table. -#}
    {{ return(run_query(
        "select count(*) from information_schema.tables where table_type = 'LOCAL TEMPORARY'"
        ~ " and table_name = "
        ~ sql_text(changed_content().identifier)
    ).rows[0][0] > 0) }}
{%- endmacro %}
