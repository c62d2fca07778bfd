{% macro as_of_date() -%}
    {%- set given = var('as_of_date') | string | trim -%}
    {%- set parts = modules.re.match(
        '^([12]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$', given
    ) -%}
    {%- if parts -%}
        {#- Day 30 of February rolls into March, and is then not the one given. -#}
        {%- set month_start = modules.datetime.date(
            parts[1] | int, parts[2] | int, 1
        ) -%}
        {%- set day = month_start + modules.datetime.timedelta(
            days=parts[3] | int - 1
        ) -%}
    {%- endif -%}
    {%- if given and (not parts or day.isoformat() != given) -%}
        {{ exceptions.raise_compiler_error(
            "var as_of_date: '" ~ given ~ "' is not a date; write it as "
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
