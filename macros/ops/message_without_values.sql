{% macro message_without_values(message) -%}
    {%- if message is none -%}
        {{ return(none) }}
    {%- endif -%}
    {#- Without dbt's line that names the node, and no further than the first of
    the database: the others quote what it choked on, a whole line of
    customers.csv for one. What dbt writes into its artifacts,
    scripts/shared/wording.py reads in the same way. -#}
    {%- set lines = (message | string).replace("can't", "cannot").splitlines() | map('trim') | select | list -%}
    {%- set is_ours = modules.re.match('\\w+ Error in ', lines | first | string) -%}
    {%- set lines = lines[1 if is_ours and lines | length > 1 else 0:][:1] | join -%}
    {%- if modules.re.search('(Binder|Catalog|Parser) Error', lines) -%}
        {#- Quotes are around names here. -#}
        {{ return(lines) }}
    {%- endif -%}
    {{ return(modules.re.sub("'[^']*'?|\"[^\"]*\"?", "'...'", lines)) }}
{%- endmacro %}
