{% macro record_load(results) -%}
    {#- First, so that dbt sees the refs when it parses. -#}
    {%- set staged = {} -%}
    {%- for table_name in var('load_limits') -%}
        {%- do staged.update({table_name: ref('stg_' ~ table_name)}) -%}
    {%- endfor -%}
    {%- if not is_recorded_run() or flags.WHICH != 'build' -%}
        {{ return('') }}
    {%- endif -%}
    {#- Good is a build of everything, without a failure. -#}
    {%- set good = results
        | selectattr('status', 'in', ['success', 'pass', 'warn'])
        | map(attribute='node.unique_id') | list -%}
    {%- for node in graph.nodes.values()
        if node.resource_type in ['model', 'seed', 'snapshot', 'test']
        and node.config.materialized != 'ephemeral'
        and node.unique_id not in good -%}
        {{ return('') }}
    {%- endfor -%}
    {%- for table_name, relation in staged.items() %}
    drop table if exists {{ last_good(table_name) }};
    create table {{ last_good(table_name) }} as select * from {{ relation }};
    {%- endfor %}
    update {{ ops_relation('runs') }}
    set is_good = true
    where invocation_id = {{ sql_text(invocation_id) }};
{%- endmacro %}
