{% macro record_load_totals(results) -%}
    {#- First of all, for dbt to see the refs when it parses. -#}
    {%- set selects = [] -%}
    {%- for table_name in var('load_limits') -%}
        {%- do selects.append(load_totals(table_name)) -%}
    {%- endfor -%}
    {%- if flags.WHICH != 'build' or not ops_table_is_usable('load_totals') -%}
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
    insert into {{ ops_relation('load_totals') }} (
        {{ ops_columns('load_totals') | join(', ') }}
    )
    select
        {{ sql_text(invocation_id) }},
        cast({{ sql_text(run_started_at.strftime('%Y-%m-%d %H:%M:%S')) }} as {{ dbt.type_timestamp() }}),
        {{ sql_text(var('accepted_changes') | join(', ')) }},
        totals.*
    from ({{ selects | join(' union all ') }}) as totals
{%- endmacro %}
