{% macro sql_moment(moment) -%}
    cast({{ sql_text(moment.strftime('%Y-%m-%d %H:%M:%S')) }} as {{ dbt.type_timestamp() }})
{%- endmacro %}
