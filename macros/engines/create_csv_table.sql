{% macro postgres__create_csv_table(model, agate_table) -%}
    {#- The types in YAML are dbt's own names, of which PostgreSQL lacks string. -#}
    {%- set types = model.config.column_types -%}
    {%- for name, type in types.items() -%}
        {%- do types.update({name: api.Column.translate_type(type)}) -%}
    {%- endfor -%}
    {{ return(default__create_csv_table(model, agate_table)) }}
{%- endmacro %}
