{% macro ratio(numerator, denominator, scale=4) -%}
    cast(
        cast(
            cast({{ numerator }} as decimal(18, 4))
            / nullif({{ denominator }}, 0) as decimal(18, 8)
        ) as decimal(18, {{ scale }})
    )
{%- endmacro %}
