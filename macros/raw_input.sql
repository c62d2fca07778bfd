{% macro raw_input(table_name) -%}
    {%- set raw_from = var('raw_from') -%}
    {%- if raw_from == 'seed' -%}
        {{ return(ref(table_name)) }}
    {%- endif -%}
    {{ exceptions.raise_compiler_error(
        "var raw_from: '" ~ raw_from ~ "' is not an origin of raw data; "
        ~ "known origins: seed"
    ) }}
{%- endmacro %}
