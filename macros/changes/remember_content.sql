{% macro remember_content() -%}
    {{ adapter.dispatch('remember_content')() }}
{%- endmacro %}
