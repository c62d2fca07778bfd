{% macro should_full_refresh() -%}
    {%- set is_asked_for = dbt.should_full_refresh() -%}
    {%- if is_asked_for or config.get('materialized') != 'incremental' -%}
        {{ return(is_asked_for) }}
    {%- endif -%}
    {#- What only compiles compares nothing, and shows the whole select. -#}
    {%- if flags.WHICH not in ['build', 'run'] -%}
        {{ return(true) }}
    {%- endif -%}
    {%- if not is_compared() -%}
        {%- if not knows_content() -%}
            {{ return(true) }}
        {%- endif -%}
        {%- do run_query(adapter.dispatch('compare_content')()) -%}
    {%- endif -%}
    {%- set counts = adapter.dispatch('count_changed')() -%}
    {#- A key that is null must fail as it does in a whole rebuild. -#}
    {{ return(counts[1] > counts[0] * 0.5 or counts[2] < counts[1]) }}
{%- endmacro %}
