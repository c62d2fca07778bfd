{% test sum_matches(model, column_name, compare_model, compare_expression) %}

with

tested as (

    select coalesce(sum({{ column_name }}), 0) as tested_sum
    from {{ model }}

),

compared as (

    select coalesce(sum({{ compare_expression }}), 0) as compared_sum
    from {{ compare_model }}

)

select
    tested.tested_sum,
    compared.compared_sum
from tested
cross join compared
where tested.tested_sum != compared.compared_sum

{% endtest %}
