{% macro land_source() -%}
    {%- if not execute
        or not reads_source()
        or flags.WHICH not in ['build', 'run']
        or flags.EMPTY -%}
        {{ return('') }}
    {%- endif -%}
    {#- Also where only some of the raw models are to be built: all tables are of
    one moment. -#}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model'
        and node.config.schema == 'raw'
        and node.unique_id in selected_resources -%}
        {%- if loop.first -%}
            {%- do adapter.dispatch('land_tables')() -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
