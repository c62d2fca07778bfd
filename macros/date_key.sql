{% macro date_key(date_column) -%}
    coalesce(
        cast(
            extract(year from {{ date_column }}) * 10000
            + extract(month from {{ date_column }}) * 100
            + extract(day from {{ date_column }}) as integer
        ),
        -1
    )
{%- endmacro %}
