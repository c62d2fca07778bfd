{% macro record_run_results(results) -%}
    {%- if not is_recorded_run() -%}
        {{ return('') }}
    {%- endif -%}
    {%- set kinds = ['model', 'seed', 'snapshot', 'test', 'unit_test'] -%}
    {%- set nodes = results | selectattr('node.resource_type', 'in', kinds) | list -%}
    {%- if not nodes -%}
        {{ return('') }}
    {%- endif -%}
    {%- set row_counts = count_rows(nodes) -%}
    {%- set commit_id = current_commit() -%}
    insert into {{ ops_relation('run_results') }} (
        {{ ops_columns('run_results') | join(', ') }}
    )
    values
    {%- for result in nodes %}
    (
        {{ sql_text(invocation_id) }},
        {{ sql_moment(run_started_at) }},
        {{ sql_text(flags.WHICH) }},
        {{ sql_text(target.name) }},
        {{ sql_text(commit_id) }},
        {{ sql_text(result.node.unique_id) }},
        {{ sql_text(result.node.name) }},
        {{ sql_text(result.node.resource_type) }},
        {{ sql_text(result.status) }},
        {{ result.execution_time | round(3) }},
        {{ row_counts.get(result.node.unique_id, 'null') }},
        {{ result.failures if result.failures is not none else 'null' }},
        {{ sql_text(message_without_values(result.message)) }}
    ){{ ',' if not loop.last }}
    {%- endfor %};
    {#- A part may be built every few seconds, for years. -#}
    delete from {{ ops_relation('run_results') }}
    where status in ('success', 'pass') and invocation_id in (
        select invocation_id from {{ ops_relation('runs') }}
        where not is_whole
        order by started_at desc
        offset 200
    )
{%- endmacro %}
