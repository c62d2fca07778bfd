{% macro surrogate_key(columns) -%}
    {#- 52 bits: exact also where whole numbers are doubles, as in JavaScript. -#}
    {{ adapter.dispatch('bigint_of_hex')(
        "left(" ~ dbt_utils.generate_surrogate_key(columns) ~ ", 13)"
    ) }}
{%- endmacro %}
