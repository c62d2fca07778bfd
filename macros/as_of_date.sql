{% macro as_of_date() -%}
    {%- set given = var('as_of_date') | string | trim -%}
    {%- if given and not modules.re.match('^\d{4}-\d{2}-\d{2}$', given) -%}
        {{ exceptions.raise_compiler_error(
            "var as_of_date: '" ~ given ~ "' is no date; write it as "
            ~ "YYYY-MM-DD, or leave it empty for the last order date"
        ) }}
    {%- endif -%}
    (
        select
            coalesce(
                cast({{ "'" ~ given ~ "'" if given else 'null' }} as date),
                max(order_date)
            ) as as_of_date
        from {{ ref('stg_orders') }}
    )
{%- endmacro %}
