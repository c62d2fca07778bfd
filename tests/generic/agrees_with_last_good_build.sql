{% test agrees_with_last_good_build(model, table_name) %}

{%- set limits = var('load_limits')[table_name] %}
{%- set max_change_pct = limits.get('max_change_pct', 100) %}
{%- set exceptions_to_it = [] %}
{%- for column, pct in limits.get('max_change_pct_of', {}).items() %}
    {%- do exceptions_to_it.append(" when " ~ sql_text(column) ~ " then " ~ pct) %}
{%- endfor %}
{%- if exceptions_to_it %}
    {%- set max_change_pct = "case compared.group_value" ~ exceptions_to_it | join
        ~ " else " ~ max_change_pct ~ " end" %}
{%- endif %}
{%- set accepted = var('accepted_changes') %}
{%- if accepted is not iterable or accepted is string
    or accepted | reject('in', var('load_limits')) | list %}
    {%- do exceptions.raise_compiler_error(
        "accepted_changes is " ~ accepted ~ ", it must be a list of some of: "
        ~ var('load_limits') | join(', ')
    ) %}
{%- endif %}
{%- if execute and not (
    ops_table_is_usable('load_totals') and ops_table_is_usable('load_values')
) %}
select 'nothing to compare with' as reason
where 1 = 0
{%- else %}

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

months_before as (

    select
        group_value as month_value,
        dense_rank() over (order by group_value desc) as recency_rank
    from totals_before
    where
        group_name = 'month'
        and group_value != 'none'

),

-- Not what this project did not add up then.
measures_before as (

    select distinct
        measure_name,
        group_name
    from totals_before

),

all_totals as (

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

),

compared_totals as (

    select all_totals.*
    from all_totals
    inner join measures_before
        on
            all_totals.measure_name = measures_before.measure_name
            and all_totals.group_name = measures_before.group_name

),

values_now as (

    {{ load_values(table_name) }}

),

-- Of each column, in how many of the rows that both loads have.
compared_columns as (

    select
        'unchanged_rows' as measure_name,
        'column' as group_name,
        values_now.column_name as group_value,
        count(*) as total_before,
        sum(
            case
                when
                    coalesce(values_now.value_hash, '')
                    = coalesce(values_before.value_hash, '')
                    then 1
                else 0
            end
        ) as total_now
    from values_now
    inner join {{ ops_relation('load_values') }} as values_before
        on
            values_now.table_name = values_before.table_name
            and values_now.row_key = values_before.row_key
            and values_now.column_name = values_before.column_name
    group by values_now.column_name

),

compared as (

    select * from compared_totals
    union all
    select * from compared_columns

)

select compared.*
from compared
where
    {{ table_name not in accepted }}
    and case compared.group_name
        when 'table' then
            compared.total_now * 100
            < compared.total_before * (100 - {{ limits.max_fall_pct }})
            or (
                compared.total_now * 100
                > compared.total_before * (100 + {{ limits.max_rise_pct }})
                -- A few are no flood, where there were next to none.
                and compared.total_now > compared.total_before + 5
            )
        when 'average' then
            abs(compared.total_now - compared.total_before) * 100
            > compared.total_before * {{ limits.get('max_average_change_pct', 0) }}
        when 'column' then
            compared.total_now * 100
            < compared.total_before * (100 - {{ max_change_pct }})
            and compared.total_now < compared.total_before - 3
        -- What was shipped stays as it was shipped.
        when 'shipped order' then
            compared.total_now != compared.total_before
            and compared.total_before > 0
            and compared.group_value != 'none'
        -- A month is closed when the next one has begun. Into the month before
        -- the last one, late orders and payments still come.
        when 'month' then
            (
                compared.total_now < compared.total_before
                and compared.group_value < (
                    select max(month_value) from months_before
                )
            )
            or (
                compared.total_now > compared.total_before
                and compared.group_value < (
                    select max(month_value) from months_before
                    where recency_rank = 2
                )
            )
        else compared.total_now < compared.total_before
    end
order by compared.measure_name, compared.group_name, compared.group_value
{%- endif %}

{% endtest %}
