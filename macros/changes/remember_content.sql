{% macro remember_content() -%}
    {%- if config.get('materialized') != 'incremental' %}
    drop table if exists {{ held_content() }}
    {%- else %}
    {%- if execute and is_compared() %}
    {{ replace_changed(held_content(), changed_content()) }}
    where content_hash is not null;
    {%- else %}
    drop table if exists {{ held_content() }};
    create table {{ held_content() }} as {{ content_hashes() }};
    {%- endif %}
    {{ adapter.dispatch('mark_content')() }}
    {%- endif %}
{%- endmacro %}
