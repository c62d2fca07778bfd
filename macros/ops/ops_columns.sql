{% macro ops_columns(table_name) -%}
    {{ return({
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
        'load_totals': {
            'invocation_id': dbt.type_string(),
            'recorded_at': dbt.type_timestamp(),
            'accepted_changes': dbt.type_string(),
            'table_name': dbt.type_string(),
            'measure_name': dbt.type_string(),
            'group_name': dbt.type_string(),
            'group_value': dbt.type_string(),
            'total': 'decimal(18, 2)',
        },
        'load_values': {
            'invocation_id': dbt.type_string(),
            'recorded_at': dbt.type_timestamp(),
            'table_name': dbt.type_string(),
            'row_key': dbt.type_string(),
            'column_name': dbt.type_string(),
            'value_hash': dbt.type_string(),
        },
    }[table_name]) }}
{%- endmacro %}
