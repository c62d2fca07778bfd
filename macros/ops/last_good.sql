{% macro last_good(table_name) -%}
    {#- Contact data is part of it: in the schema that no report reads. -#}
    {{ return(ops_relation('last_good_' ~ table_name, 'restricted')) }}
{%- endmacro %}
