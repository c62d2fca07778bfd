{% test expression_is_true(model, expression, column_name=none) %}

select {{ '*' if should_store_failures() else '1 as failed' }}
from {{ model }}
where not ({{ column_name or '' }} {{ expression }})

{% endtest %}
