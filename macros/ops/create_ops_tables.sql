{% macro create_ops_tables() -%}
    {%- if execute and target.type != 'spark' and flags.WHICH in ['build', 'run', 'seed', 'snapshot', 'test', 'freshness'] -%}
        {%- set tables = {} -%}
        {%- for table_name in ['runs', 'run_results'] -%}
            {%- do tables.update({ops_relation(table_name): ops_columns(table_name)}) -%}
        {%- endfor -%}
        {%- for table_name in var('load_limits') -%}
            {%- set columns = {} -%}
            {%- for column in staging_node(table_name).columns.values() -%}
                {%- do columns.update({column.name: api.Column.translate_type(column.data_type)}) -%}
            {%- endfor -%}
            {%- do tables.update({last_good(table_name): columns}) -%}
        {%- endfor -%}
        {%- for relation, columns in tables.items() %}
        create schema if not exists {{ relation.include(database=false, identifier=false) }};
        create table if not exists {{ relation }} (
            {%- for name, type in columns.items() %}
            {{ name }} {{ type }}{{ ',' if not loop.last }}
            {%- endfor %}
        );
        {%- endfor %}
        {#- A file made by an earlier version of the project. -#}
        {%- for table_name in ['runs', 'run_results'] %}
        {%- for name, type in ops_columns(table_name).items() %}
        alter table {{ ops_relation(table_name) }} add column if not exists {{ name }} {{ type }};
        {%- endfor %}
        {%- endfor %}
    {%- endif -%}
{%- endmacro %}
