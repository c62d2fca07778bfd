{% macro ops_columns(table_name) -%}
    {{ return({
        'runs': {
            'invocation_id': dbt.type_string(),
            'started_at': dbt.type_timestamp(),
            'ended_at': dbt.type_timestamp(),
            'command': dbt.type_string(),
            'is_whole': dbt.type_boolean(),
            'target_name': dbt.type_string(),
            'commit_id': dbt.type_string(),
            'is_good': dbt.type_boolean(),
            'accepted_changes': dbt.type_string(),
        },
        'run_results': {
            'invocation_id': dbt.type_string(),
            'started_at': dbt.type_timestamp(),
            'command': dbt.type_string(),
            'target_name': dbt.type_string(),
            'commit_id': dbt.type_string(),
            'node_id': dbt.type_string(),
            'node_name': dbt.type_string(),
            'node_kind': dbt.type_string(),
            'status': dbt.type_string(),
            'duration_seconds': 'decimal(18, 3)',
            'row_count': dbt.type_bigint(),
            'failure_count': dbt.type_bigint(),
            'message': dbt.type_string(),
        },
    }[table_name]) }}
{%- endmacro %}
