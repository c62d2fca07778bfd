{% macro default__mark_content() -%}
    alter table {{ this }} alter column {{ model.columns.keys() | first }}
        set default {{ sql_text(content_mark()) }}
{%- endmacro %}

{% macro postgres__mark_content() -%}
    comment on table {{ held_content() }} is {{ sql_text(postgres__content_mark()) }}
{%- endmacro %}
