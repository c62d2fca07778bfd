{% test shares_add_up_to_one(model, column_name, group_by_column=none) %}

{#- Each share is rounded to four decimals, half a unit off at the most. -#}
select
    {% if group_by_column %}{{ group_by_column }},{% endif %}
    sum({{ column_name }}) as sum_of_shares
from {{ model }}
{% if group_by_column %}group by {{ group_by_column }}{% endif %}
having abs(1 - sum({{ column_name }})) > 0.00005 * count(*)

{% endtest %}
