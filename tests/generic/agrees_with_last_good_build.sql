{% test agrees_with_last_good_build(model, table_name) %}

{%- set limits = var('load_limits')[table_name] %}
{%- set accepted = var('accepted_changes') %}
{%- if accepted is not iterable or accepted is string
    or accepted | reject('in', var('load_limits')) | list %}
    {%- do exceptions.raise_compiler_error(
        "accepted_changes is " ~ accepted ~ ", it must be a list of some of: "
        ~ var('load_limits') | join(', ')
    ) %}
{%- endif %}

with

totals_now as (

    {{ load_totals(table_name) }}

),

totals_before as (

    select
        measure_name,
        group_name,
        group_value,
        total
    from {{ ops_relation('load_totals') }}
    where
        table_name = '{{ table_name }}'
        and recorded_at = (
            select max(recorded_at) from {{ ops_relation('load_totals') }}
        )

),

last_month as (

    select max(group_value) as group_value
    from totals_before
    where group_name = 'month'

),

compared as (

    select
        coalesce(totals_before.measure_name, totals_now.measure_name)
            as measure_name,
        coalesce(totals_before.group_name, totals_now.group_name) as group_name,
        coalesce(totals_before.group_value, totals_now.group_value)
            as group_value,
        coalesce(totals_before.total, 0) as total_before,
        coalesce(totals_now.total, 0) as total_now
    from totals_before
    full join totals_now
        on
            totals_before.measure_name = totals_now.measure_name
            and totals_before.group_name = totals_now.group_name
            and totals_before.group_value = totals_now.group_value

)

select compared.*
from compared
cross join last_month
where
    {{ table_name not in accepted }}
    and exists (select 1 from totals_before)
    and case compared.group_name
        when 'table' then
            compared.total_now * 100
            not between compared.total_before * (100 - {{ limits.max_fall_pct }})
            and compared.total_before * (100 + {{ limits.max_rise_pct }})
        when 'month' then
            compared.total_now != compared.total_before
            and compared.group_value < last_month.group_value
        else compared.total_now < compared.total_before
    end
order by compared.measure_name, compared.group_name, compared.group_value

{% endtest %}
