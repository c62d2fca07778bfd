{% macro get_insert_overwrite_sql(source_relation, target_relation, existing_relation) -%}
    {#- A run that is cut off from here on leaves a table whose content nobody knows. -#}
    {%- do run_query(
        "alter table " ~ target_relation ~ " unset tblproperties if exists ('content')"
    ) -%}
    {#- Spark overwrites only the partitions that get rows. -#}
    {%- for day in spark__changed_partitions() -%}
        {%- do run_query(
            "alter table " ~ target_relation ~ " drop if exists partition ("
            ~ config.get('partition_by') ~ " = " ~ day ~ ")"
        ) -%}
    {%- endfor -%}
    {{ return(dbt.get_insert_overwrite_sql(source_relation, target_relation, existing_relation)) }}
{%- endmacro %}
