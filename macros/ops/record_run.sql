{% macro record_run(is_over=false) -%}
    {%- if not is_recorded_run() -%}
        {{ return('') }}
    {%- endif -%}
    {%- set id = sql_text(invocation_id) -%}
    {%- if is_over -%}
    update {{ ops_relation('runs') }}
    set ended_at = {{ sql_moment(modules.datetime.datetime.now(modules.pytz.utc)) }}
    where invocation_id = {{ id }}
    {%- else -%}
    {%- set left_out = graph.nodes.values()
        | selectattr('resource_type', 'in', ['model', 'seed', 'snapshot'])
        | rejectattr('config.materialized', 'equalto', 'ephemeral')
        | map(attribute='unique_id')
        | reject('in', selected_resources) | list -%}
    insert into {{ ops_relation('runs') }} (
        {{ ops_columns('runs') | join(', ') }}
    )
    values (
        {{ id }},
        {{ sql_moment(run_started_at) }},
        null,
        {{ sql_text(flags.WHICH) }},
        {{ 'false' if left_out else 'true' }},
        {{ sql_text(target.name) }},
        {{ sql_text(current_commit()) }},
        false,
        {{ sql_text(var('accepted_changes') | join(', ')) }}
    )
    {%- endif -%}
{%- endmacro %}
