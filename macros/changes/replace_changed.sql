{% macro replace_changed(relation, new_rows) -%}
    {%- set key = config.get('unique_key') -%}
    delete from {{ relation }} as held
    using {{ changed_content() }} as changed
    where held.{{ key }} is not distinct from changed.{{ key }};
    {%- set columns = get_quoted_csv(
        adapter.get_columns_in_relation(relation) | map(attribute='name')
    ) %}
    insert into {{ relation }} ({{ columns }})
    select {{ columns }} from {{ new_rows }}
{%- endmacro %}
