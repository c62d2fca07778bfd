{% macro default__changed_keys() -%}
    {%- set key = config.get('unique_key') -%}
    {#- A list of numbers reaches the scan of a table through views and joins, and
    halves the time; a subquery filters what they have made. -#}
    {%- set keys = run_query(
        "select " ~ dbt.listagg("cast(" ~ key ~ " as " ~ dbt.type_string() ~ ")", "', '")
        ~ ", count(*) from " ~ changed_content()
    ).rows[0] -%}
    {%- if keys[1] > 20000 -%}
        select {{ key }} from {{ changed_content() }}
    {%- else -%}
        {{ keys[0] or 'null' }}
    {%- endif -%}
{%- endmacro %}

{% macro spark__changed_keys() -%}
    select {{ config.get('unique_key') }} from {{ changed_content() }}
    where {{ config.get('partition_by') }} in ({{
        (spark__changed_partitions() or ['null']) | join(', ')
    }})
{%- endmacro %}
