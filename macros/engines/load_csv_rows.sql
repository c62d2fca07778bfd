{% macro spark__load_csv_rows(model, agate_table) -%}
    {#- dbt-spark's own sends texts with apostrophes and nulls wrongly in a session,
    and numbers as doubles. -#}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do columns.append(
            "cast(" ~ name ~ " as " ~ model.config.column_types[name] ~ ")"
        ) -%}
    {%- endfor -%}
    {%- set statements = [] -%}
    {%- for chunk in agate_table.rows | batch(1000) -%}
        {%- set rows = [] -%}
        {%- for row in chunk -%}
            {%- set values = [] -%}
            {%- for value in row -%}
                {%- do values.append(
                    sql_text(value | replace('\\', '\\\\') if value is string else value)
                ) -%}
            {%- endfor -%}
            {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
        {%- endfor -%}
        {%- do statements.append(
            "insert into " ~ this ~ " select " ~ columns | join(', ') ~ " from values "
            ~ rows | join(', ') ~ " as loaded (" ~ agate_table.column_names | join(', ') ~ ")"
        ) -%}
        {%- do adapter.add_query(statements[-1], abridge_sql_log=true) -%}
    {%- endfor -%}
    {{ return(statements[0]) }}
{%- endmacro %}
