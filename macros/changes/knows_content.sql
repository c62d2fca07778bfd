{% macro knows_content() -%}
    {{ return(adapter.dispatch('knows_content')()) }}
{%- endmacro %}
