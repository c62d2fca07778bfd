{% test sums_match(model, compare_model, sums) %}

{%- set expressions = {} %}
{%- for sum in sums %}
    {%- do expressions.update(sum if sum is mapping else {sum: sum}) %}
{%- endfor %}

with

tested as (

    select
        {%- for column in expressions %}
        coalesce(sum({{ column }}), 0) as sum_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ model }}

),

compared as (

    select
        {%- for expression in expressions.values() %}
        coalesce(sum({{ expression }}), 0) as sum_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ compare_model }}

)

{%- for column in expressions %}
{{ 'union all' if not loop.first }}
select
    '{{ column | replace("'", "''") }}' as column_name,
    tested.sum_{{ loop.index }} as tested_sum,
    compared.sum_{{ loop.index }} as compared_sum
from tested
cross join compared
where tested.sum_{{ loop.index }} != compared.sum_{{ loop.index }}
{%- endfor %}

{% endtest %}
