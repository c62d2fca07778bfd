{% macro default__is_compared() -%}
    {{ return(run_query(
        "select count(*) from information_schema.tables where table_type = 'LOCAL TEMPORARY'"
        ~ " and table_name = "
        ~ sql_text(changed_content().identifier)
    ).rows[0][0] > 0) }}
{%- endmacro %}

{% macro spark__is_compared() -%}
    {{ return(adapter.get_columns_in_relation(changed_content()) | length > 0) }}
{%- endmacro %}
