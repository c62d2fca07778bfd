{% macro content_mark() -%}
    {#- Of what makes the table, apart from data. -#}
    {%- set columns = [] -%}
    {%- for column in model.columns.values() -%}
        {%- do columns.append([column.name, column.data_type, column.constraints | string]) -%}
    {%- endfor -%}
    {{ return(local_md5(
        render(model.raw_code.replace('{{ where_changed() }}', '')) ~ columns
    )) }}
{%- endmacro %}
