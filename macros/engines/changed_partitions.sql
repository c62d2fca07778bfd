{% macro spark__changed_partitions() -%}
    {%- set partition = config.get('partition_by') -%}
    {{ return(run_query(
        "select distinct explode(array(" ~ partition ~ ", held_partition)) as day from "
        ~ changed_content() ~ " where is_changed"
    ).columns[0].values() | reject('none') | map('int') | list) }}
{%- endmacro %}
