{% macro drop_passed_failures(results) -%}
    {%- for result in results
        if execute
        and result.node.resource_type == 'test'
        and result.node.relation_name
        and result.status == 'pass' %}
    drop table if exists {{ result.node.relation_name }};
    {%- endfor %}
{%- endmacro %}
