{% macro is_compared() -%}
    {#- In this run, which names the table. -#}
    {{ return(adapter.dispatch('is_compared')()) }}
{%- endmacro %}
