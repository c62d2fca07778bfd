{% macro replace_changed(relation, new_rows) -%}
    {%- set key = config.get('unique_key') -%}
    delete from {{ relation }} as held
    using {{ changed_content() }} as changed
    where held.{{ key }} is not distinct from changed.{{ key }};
    insert into {{ relation }} by name
    select * from {{ new_rows }}
{%- endmacro %}
