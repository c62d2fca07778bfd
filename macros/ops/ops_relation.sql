{% macro ops_relation(table_name, schema='ops') -%}
    {#- No ref or source: a test that reads the last run would hold back no model. -#}
    {{ return(api.Relation.create(
        database=target.database | default(none),
        schema=generate_schema_name(schema, none),
        identifier=table_name,
        type='table',
    )) }}
{%- endmacro %}
