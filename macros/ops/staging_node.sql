{% macro staging_node(table_name) -%}
    {{ return(graph.nodes['model.' ~ project_name ~ '.stg_' ~ table_name]) }}
{%- endmacro %}
