{% macro reads_source() -%}
    {{ return(
        target.name in ['files', 'mysql']
        or (target.type != 'duckdb' and env_var('CLASSICMODELS_FILES', '') != '')
    ) }}
{%- endmacro %}
