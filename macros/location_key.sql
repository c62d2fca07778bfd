{% macro location_key(relation) -%}
    {{ dbt_utils.generate_surrogate_key([
        relation ~ '.city',
        relation ~ '.state',
        relation ~ '.postal_code',
        relation ~ '.country_name',
    ]) }}
{%- endmacro %}
