{% test has_one_unknown_member(model, unknown_when) %}

select count(*) as unknown_member_count
from {{ model }}
where {{ unknown_when }}
having count(*) != 1

{% endtest %}
