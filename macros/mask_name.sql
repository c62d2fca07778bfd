{% macro mask_name(column) -%}
    case
        when length({{ column }}) > 1 then left({{ column }}, 1) || '****'
        when {{ column }} is not null then '****'
    end
{%- endmacro %}
