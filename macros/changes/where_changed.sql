{% macro where_changed() -%}
    {%- if config.get('materialized') == 'incremental' and is_incremental() -%}
    {%- set key = config.get('unique_key') -%}
    {#- A list of numbers reaches the scan of a table through views and joins, and
    halves the time; a subquery filters what they have made. -#}
    {%- set keys = run_query(
        "select " ~ dbt.listagg("cast(" ~ key ~ " as " ~ dbt.type_string() ~ ")", "', '")
        ~ ", count(*) from " ~ changed_content()
    ).rows[0] -%}
    where {{ key }} in (
        {%- if keys[1] > 20000 -%}
            select {{ key }} from {{ changed_content() }}
        {%- else -%}
            {{ keys[0] or 'null' }}
        {%- endif -%}
    )
    {%- endif -%}
{%- endmacro %}
