{% macro get_incremental_changed_content_sql(arguments) -%}
    {{ replace_changed(arguments.target_relation, arguments.temp_relation) }}
{%- endmacro %}
