{% macro held_content() -%}
    {{ return(ops_relation('content_of_' ~ this.identifier)) }}
{%- endmacro %}
