{% macro ops_table_is_usable(
    relation, columns, remedy='drop the table, and the next run makes it anew'
) -%}
    {#- Watching never breaks a build: a table that someone changed is left alone. -#}
    {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
    {%- set missing = columns | reject('in', found) | list -%}
    {%- if missing -%}
        {%- do log(
            relation ~ " has no column " ~ missing | join(', ') ~ ": left alone; " ~ remedy,
            info=true
        ) -%}
    {%- endif -%}
    {{ return(not missing) }}
{%- endmacro %}
