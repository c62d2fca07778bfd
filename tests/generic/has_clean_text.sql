{% test has_clean_text(model) %}

select *
from {{ model }}
where
    false
    {%- for column in adapter.get_columns_in_relation(model) %}
    {%- set text = 'cast(' ~ column.name ~ ' as ' ~ dbt.type_string() ~ ')' %}
    or {{ text }} = ''
    or {{ text }} != trim({{ text }})
    or {{ text }} like '%  %'
    {%- for code in [9, 10, 13, 160] %}
    or position(chr({{ code }}) in {{ text }}) > 0
    {%- endfor %}
    {%- endfor %}

{% endtest %}
