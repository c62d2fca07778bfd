{% macro location_key(relation) -%}
    {{ surrogate_key([
        relation ~ '.city',
        relation ~ '.state',
        relation ~ '.postal_code',
        relation ~ '.country_name',
    ]) }}
{%- endmacro %}
