{% macro changed_content() -%}
    {#- A temporary table lives as long as its connection, maybe longer than a run. -#}
    {{ return(api.Relation.create(
        identifier='changed_' ~ this.identifier ~ '_' ~ invocation_id[:8]
    )) }}
{%- endmacro %}
