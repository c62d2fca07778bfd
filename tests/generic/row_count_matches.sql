{% test row_count_matches(model, compare_model) %}

with

tested as (

    select count(*) as tested_count from {{ model }}

),

compared as (

    select count(*) as compared_count from {{ compare_model }}

)

select
    tested.tested_count,
    compared.compared_count
from tested
cross join compared
where tested.tested_count != compared.compared_count

{% endtest %}
