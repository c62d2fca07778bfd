{% macro create_ops_tables() -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'seed', 'snapshot', 'test', 'freshness'] -%}
        create schema if not exists {{ ops_relation('runs').include(identifier=false) }};
        {%- for table_name in ['runs', 'run_results', 'load_totals', 'load_values'] %}
        create table if not exists {{ ops_relation(table_name) }} (
            {%- for name, type in ops_columns(table_name).items() %}
            {{ name }} {{ type }}{{ ',' if not loop.last }}
            {%- endfor %}
        );
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}
