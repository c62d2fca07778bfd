{% test mutually_exclusive_ranges(
    model,
    lower_bound_column,
    upper_bound_column,
    partition_by=none,
    gaps='allowed'
) %}

{%- set follows = {'allowed': '<=', 'not_allowed': '=', 'required': '<'}[gaps] %}
with ranges as (

    select
        {% if partition_by %}{{ partition_by }} as partition_value,{% endif %}
        {{ lower_bound_column }} as lower_bound,
        {{ upper_bound_column }} as upper_bound,
        lead({{ lower_bound_column }}) over (
            {{ 'partition by ' ~ partition_by if partition_by }}
            order by {{ lower_bound_column }}, {{ upper_bound_column }}
        ) as next_lower_bound,
        row_number() over (
            {{ 'partition by ' ~ partition_by if partition_by }}
            order by {{ lower_bound_column }} desc, {{ upper_bound_column }} desc
        ) as position_from_last
    from {{ model }}

)

select *
from ranges
where
    not coalesce(lower_bound < upper_bound, false)
    or not coalesce(
        upper_bound {{ follows }} next_lower_bound,
        position_from_last = 1
    )

{% endtest %}
