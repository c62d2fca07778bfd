{% macro record_load(results) -%}
    {#- First of all, for dbt to see the refs when it parses. -#}
    {%- set totals = [] -%}
    {%- set values = [] -%}
    {%- for table_name in var('load_limits') -%}
        {%- do totals.append(load_totals(table_name)) -%}
        {%- do values.append(load_values(table_name)) -%}
    {%- endfor -%}
    {%- if not is_recorded_run() or flags.WHICH != 'build'
        or not ops_table_is_usable('load_totals')
        or not ops_table_is_usable('load_values') -%}
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
    {%- set recorded_at = "cast("
        ~ sql_text(run_started_at.strftime('%Y-%m-%d %H:%M:%S'))
        ~ " as " ~ dbt.type_timestamp() ~ ")" -%}
    insert into {{ ops_relation('load_totals') }} (
        {{ ops_columns('load_totals') | join(', ') }}
    )
    select
        {{ sql_text(invocation_id) }},
        {{ recorded_at }},
        {{ sql_text(var('accepted_changes') | join(', ')) }},
        totals.*
    from ({{ totals | join(' union all ') }}) as totals;

    {#- Of the values only those of the last load are of use. -#}
    delete from {{ ops_relation('load_values') }};
    insert into {{ ops_relation('load_values') }} (
        {{ ops_columns('load_values') | join(', ') }}
    )
    select
        {{ sql_text(invocation_id) }},
        {{ recorded_at }},
        load_values.*
    from ({{ values | join(' union all ') }}) as load_values;
{%- endmacro %}
