{% macro default__bigint_of_hex(digits) -%}
    cast('0x' || {{ digits }} as bigint)
{%- endmacro %}

{% macro postgres__bigint_of_hex(digits) -%}
    cast(cast('x' || lpad({{ digits }}, 16, '0') as bit(64)) as bigint)
{%- endmacro %}

{% macro spark__bigint_of_hex(digits) -%}
    cast(conv({{ digits }}, 16, 10) as bigint)
{%- endmacro %}
