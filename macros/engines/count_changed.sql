{% macro default__count_changed() -%}
    {{ return(run_query(
        "select (select count(*) from " ~ held_content() ~ "), count(*), count("
        ~ config.get('unique_key') ~ ") from " ~ changed_content()
    ).rows[0]) }}
{%- endmacro %}

{% macro spark__count_changed() -%}
    {%- set is_rebuilt = "case when " ~ config.get('partition_by') ~ " in ("
        ~ (spark__changed_partitions() or ['null']) | join(', ') ~ ") then 1 end" -%}
    {{ return(run_query(
        "select count(*), count(" ~ is_rebuilt ~ "), count(" ~ is_rebuilt ~ ") - count_if("
        ~ config.get('unique_key') ~ " is null) from " ~ changed_content()
    ).rows[0]) }}
{%- endmacro %}
