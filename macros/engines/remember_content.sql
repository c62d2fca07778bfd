{% macro default__remember_content() -%}
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

{% macro spark__remember_content() -%}
    {%- if execute and config.get('materialized') == 'incremental' -%}
        {%- do run_query('create schema if not exists ' ~ held_content().schema) -%}
        {%- do run_query('drop table if exists ' ~ held_content()) -%}
        {%- set create = 'create table ' ~ held_content() ~ ' using parquet as ' -%}
        {%- if is_compared() -%}
            {%- do run_query(
                create ~ "select " ~ config.get('unique_key') ~ ", " ~ config.get('partition_by')
                ~ ", content_hash from " ~ changed_content() ~ " where content_hash is not null"
            ) -%}
            {%- do run_query('drop table ' ~ changed_content()) -%}
        {%- else -%}
            {%- do run_query(create ~ spark__partitioned_hashes()) -%}
        {%- endif %}
    alter table {{ this }} set tblproperties ('content' = {{ sql_text(content_mark()) }})
    {%- endif -%}
{%- endmacro %}
