{% macro current_commit() -%}
    {%- set given = dbt_metadata_envs.get('COMMIT') -%}
    {%- if given or target.type != 'duckdb' -%}
        {{ return(given) }}
    {%- endif -%}
    {#- dbt knows nothing of git, but DuckDB can read its files: HEAD holds a
    commit or the name of the file that does. -#}
    {%- set commit = {'id': 'ref: HEAD'} -%}
    {%- for _ in range(2) if commit.id -%}
        {%- if commit.id.startswith('ref: ') -%}
            {%- set file = sql_text('.git/' ~ commit.id[5:]) -%}
            {%- set found = run_query("select file from glob(" ~ file ~ ")").rows -%}
            {%- do commit.update({
                'id': run_query("select trim(content, chr(10)) from read_text(" ~ file ~ ")").rows[0][0]
                if found else none
            }) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(commit.id) }}
{%- endmacro %}
