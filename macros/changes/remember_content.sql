{% macro remember_content() -%}
    {%- if config.get('materialized') != 'incremental' %}
    drop table if exists {{ held_content() }}
    {%- else %}
    {%- if execute and is_compared() %}
    {{ replace_changed(held_content(), changed_content()) }}
    where content_hash is not null;
    {%- else %}
    create or replace table {{ held_content() }} as {{ content_hashes() }};
    {%- endif %}
    alter table {{ this }} alter column {{ model.columns.keys() | first }}
        set default {{ sql_text(content_mark()) }}
    {%- endif %}
{%- endmacro %}
