{% macro default__land_tables() -%}
    {%- do adapter.store_relation('plugin', none, [], '', '', {'origin': target.name}) -%}
{%- endmacro %}

{% macro spark__land_tables() -%}
    {%- set folder = env_var('CLASSICMODELS_FILES').rstrip('/') -%}
    {%- if not modules.re.match('/|[a-z0-9]+://', folder) -%}
        {%- do exceptions.raise_compiler_error(
            "CLASSICMODELS_FILES is " ~ folder ~ ": Spark needs an absolute path or an"
            ~ " address, which all its machines can read"
        ) -%}
    {%- endif -%}
    {#- A file, or the files of a folder. -#}
    {%- set files = "{.parquet,/*.parquet}`" -%}
    {#- This reads none of their content. -#}
    {%- set found = run_query(
        "select path from binaryFile.`" ~ folder ~ "/*" ~ files
    ).columns[0].values() | join('\n') -%}
    {%- for table in graph.sources.values() if table.source_name == 'classicmodels' -%}
        {%- if '/' ~ table.name ~ '.parquet' not in found and '/' ~ table.name ~ '/' not in found -%}
            {%- do exceptions.raise_compiler_error(
                table.name ~ ": no " ~ table.name ~ ".parquet in " ~ folder
                ~ ", nor a folder of that name with Parquet files"
            ) -%}
        {%- endif -%}
        {%- if loop.first -%}
            {%- do run_query('create schema if not exists ' ~ table.schema) -%}
        {%- endif -%}
        {%- do run_query(
            "create or replace view " ~ table.relation_name ~ " as select * from parquet.`"
            ~ folder ~ "/" ~ table.name ~ files
        ) -%}
    {%- endfor -%}
{%- endmacro %}

{% macro postgres__land_tables() -%}
    {#- make land has done it: PostgreSQL reads no files. -#}
{%- endmacro %}
