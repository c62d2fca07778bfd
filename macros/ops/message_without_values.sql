{% macro message_without_values(message) -%}
    {%- if message is none -%}
        {{ return(none) }}
    {%- endif -%}
    {#- dbt's own line and the first of the database: the others quote what it
    choked on, a whole line of customers.csv for one. What dbt writes into its
    artifacts, scripts/shared/wording.py reads in the same way. -#}
    {%- set lines = (message | string).splitlines()[:2] | map('trim') | join(' ') -%}
    {%- if modules.re.search('(Binder|Catalog|Parser) Error', lines) -%}
        {#- Quotes are around names here. -#}
        {{ return(lines) }}
    {%- endif -%}
    {{ return(modules.re.sub("'[^']*'?|\"[^\"]*\"?", "'...'", lines)) }}
{%- endmacro %}
