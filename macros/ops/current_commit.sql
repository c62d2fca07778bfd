{% macro current_commit() -%}
    {%- set given = dbt_metadata_envs.get('COMMIT') -%}
    {#- dbt knows nothing of git, but DuckDB can read git's own log of HEAD. -#}
    {%- set log = '.git/logs/HEAD' -%}
    {%- if given or target.type != 'duckdb'
        or not run_query("select file from glob('" ~ log ~ "')").rows -%}
        {{ return(given) }}
    {%- endif -%}
    {%- set lines = run_query(
        "select content from read_text('" ~ log ~ "')"
    ).rows[0][0].splitlines() -%}
    {#- A line is: old commit, new commit, who, when. -#}
    {{ return(lines[-1].split(' ')[1] if lines else none) }}
{%- endmacro %}
