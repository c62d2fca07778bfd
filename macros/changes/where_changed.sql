{% macro where_changed() -%}
    {%- if config.get('materialized') == 'incremental' and is_incremental() -%}
    where {{ config.get('unique_key') }} in ({{ adapter.dispatch('changed_keys')() }})
    {%- endif -%}
{%- endmacro %}
