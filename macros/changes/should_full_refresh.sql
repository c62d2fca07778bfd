{% macro should_full_refresh() -%}
    {%- set is_asked_for = dbt.should_full_refresh() -%}
    {%- if is_asked_for or config.get('incremental_strategy') != 'changed_content' -%}
        {{ return(is_asked_for) }}
    {%- endif -%}
    {#- What only compiles compares nothing, and shows the whole select. -#}
    {%- if flags.WHICH not in ['build', 'run'] -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set key = config.get('unique_key') -%}
    {%- if not is_compared() -%}
        {%- if not knows_content() -%}
            {{ return(true) }}
        {%- endif -%}
        {%- set comparison -%}
    create temporary table {{ changed_content() }} as
    select coalesce(hashes.{{ key }}, held.{{ key }}) as {{ key }}, hashes.content_hash
    from ({{ content_hashes() }}) as hashes
    full join {{ held_content() }} as held
        on hashes.{{ key }} = held.{{ key }}
    where hashes.content_hash is distinct from held.content_hash
        {%- endset -%}
        {%- do run_query(comparison) -%}
    {%- endif -%}
    {%- set counts = run_query(
        "select (select count(*) from " ~ held_content() ~ "), count(*), count(" ~ key ~ ") from "
        ~ changed_content()
    ).rows[0] -%}
    {#- A key that is null must fail as it does in a whole rebuild. -#}
    {{ return(counts[1] > counts[0] * 0.5 or counts[2] < counts[1]) }}
{%- endmacro %}
