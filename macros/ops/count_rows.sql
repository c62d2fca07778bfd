{% macro count_rows(results) -%}
    {%- set counts = {} -%}
    {%- set selects = [] -%}
    {%- for result in results
        if result.status == 'success'
        and result.node.config.materialized in ['table', 'incremental', 'seed', 'snapshot'] -%}
        {%- do selects.append(
            "select " ~ sql_text(result.node.unique_id) ~ ", count(*) from "
            ~ result.node.relation_name
        ) -%}
    {%- endfor -%}
    {%- if selects -%}
        {%- for row in run_query(selects | join(' union all ')).rows -%}
            {%- do counts.update({row[0]: row[1] | int}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(counts) }}
{%- endmacro %}
