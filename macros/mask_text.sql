{% macro mask_text(column) -%}
    case when {{ column }} is not null then '****' end
{%- endmacro %}
