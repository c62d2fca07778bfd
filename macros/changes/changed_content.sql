{% macro changed_content() -%}
    {#- A temporary table lives as long as its connection, maybe longer than a run. -#}
    {%- set name = 'changed_' ~ this.identifier ~ '_' ~ invocation_id[:8] -%}
    {%- if target.type == 'spark' -%}
        {{ return(ops_relation(name)) }}
    {%- endif -%}
    {{ return(api.Relation.create(identifier=name)) }}
{%- endmacro %}
