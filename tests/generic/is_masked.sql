{% test is_masked(model, column_name) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} not in ('****', 'Unknown')
    and {{ column_name }} != left({{ column_name }}, 1) || '****'

{% endtest %}
