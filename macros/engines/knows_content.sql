{% macro default__knows_content() -%}
    {#- The default of the key says it: nobody needs it, and a table that anything
    else has made does not have it. -#}
    {%- set found = run_query(
        "select count(*) from duckdb_columns() where database_name = " ~ sql_text(this.database)
        ~ " and (schema_name, table_name, column_name, coalesce(column_default, '')) in (("
        ~ sql_text(this.schema) ~ ", " ~ sql_text(this.identifier) ~ ", "
        ~ sql_text(model.columns.keys() | first) ~ ", " ~ sql_text(sql_text(content_mark())) ~ "), ("
        ~ sql_text(held_content().schema) ~ ", " ~ sql_text(held_content().identifier)
        ~ ", 'content_hash', ''))"
    ) -%}
    {{ return(found.rows[0][0] == 2) }}
{%- endmacro %}

{% macro postgres__knows_content() -%}
    {{ return(run_query(
        "select count(*) from pg_class where oid = to_regclass(" ~ sql_text(held_content())
        ~ ") and obj_description(oid, 'pg_class') = " ~ sql_text(postgres__content_mark())
    ).rows[0][0] == 1) }}
{%- endmacro %}
