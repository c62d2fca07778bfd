{% test agrees_with_last_good_build(model, table_name) %}

{#- Spark keeps no copy of the last good build. -#}
{{ config(enabled=target.type != 'spark') }}
{%- set accepted = var('accepted_changes') %}
{%- if accepted is not iterable or accepted is string
    or accepted | reject('in', var('load_limits')) | list %}
    {%- do exceptions.raise_compiler_error(
        "accepted_changes is " ~ accepted ~ ", it must be a list of some of: "
        ~ var('load_limits') | join(', ')
    ) %}
{%- endif %}
{%- set limits = var('load_limits')[table_name] %}
{#- So that dbt sees the refs when it parses. -#}
{%- set totals_now = load_totals(table_name) %}
{#- The copies that are needed, and the columns of each. -#}
{%- set copies = [table_name] + (['orders'] if table_name == 'order_lines' else []) %}
{%- set usable = [] %}
{%- if execute %}
    {%- set key = staging_node(table_name).config.meta.natural_key %}
    {%- for copy in copies %}
        {%- set needed = [] %}
        {%- for column in staging_node(copy).columns
            if column in totals_now or (copy == table_name and column in key) %}
            {%- do needed.append(column) %}
        {%- endfor %}
        {%- set there = adapter.get_columns_in_relation(last_good(copy)) | map(attribute='name') %}
        {%- set missing = needed | reject('in', there | list) | join(', ') %}
        {%- if missing %}
            {%- do log(
                last_good(copy) ~ " has no column " ~ missing
                ~ ": left alone; the next good build replaces it",
                info=true
            ) %}
        {%- else %}
            {%- do usable.append(copy) %}
        {%- endif %}
    {%- endfor %}
    {%- set known = adapter.get_columns_in_relation(last_good(table_name))
        | map(attribute='name') | list %}
    {%- set columns = staging_node(table_name).columns | select('in', known) | list %}
{%- endif %}
{%- if usable != copies %}
select 'nothing to compare with' as reason
where 1 = 0
{%- else %}

with

totals_now as (

    {{ totals_now }}

),

totals_before as (

    {{ load_totals(table_name, from_last_good=true) }}

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

compared_totals as (

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

-- How many of the earlier rows are still there, and in how many of these each
-- column is unchanged.
rows_compared as (

    select
        count(*) as row_count,
        {%- for column in columns if column not in key %}
        sum(
            case
                {%- set move = limits.get('may_move_pct', {}).get(column) %}
                {%- if move %}
                when
                    abs(rows_now.{{ column }} - rows_before.{{ column }}) * 100
                    <= rows_before.{{ column }} * {{ move }}
                    then 1
                {%- endif %}
                when rows_now.{{ key[0] }} is null then 0
                when rows_now.{{ column }} = rows_before.{{ column }} then 1
                when
                    coalesce(rows_now.{{ column }}, rows_before.{{ column }})
                    is null
                    then 1
                else 0
            end
        ) as {{ column }},
        {%- endfor %}
        count(rows_now.{{ key[0] }}) as kept_row_count
    from {{ last_good(table_name) }} as rows_before
    left join {{ model }} as rows_now
        on
            {%- for column in key %}
            {{ 'and ' if not loop.first }}rows_before.{{ column }} = rows_now.{{ column }}
            {%- endfor %}

),

compared_columns as (

    select
        'kept_rows' as measure_name,
        'column' as group_name,
        '{{ key | join(', ') }}' as group_value,
        row_count as total_before,
        kept_row_count as total_now,
        {{ [limits.max_fall_pct, limits.max_change_pct] | max }} as max_change_pct
    from rows_compared
    {%- for column in columns if column not in key %}

    union all

    select
        'unchanged_rows' as measure_name,
        'column' as group_name,
        '{{ column }}' as group_value,
        kept_row_count as total_before,
        {{ column }} as total_now,
        {{ limits.get('max_change_pct_of', {}).get(column, limits.max_change_pct) }}
            as max_change_pct
    from rows_compared
    {%- endfor %}

),

compared as (

    select compared_totals.*, null as max_change_pct
    from compared_totals

    union all

    select compared_columns.*
    from compared_columns

)

select
    compared.measure_name,
    compared.group_name,
    compared.group_value,
    compared.total_before,
    compared.total_now
from compared
where
    {{ table_name not in accepted }}
    {%- for copy in copies %}
    and exists (select 1 from {{ last_good(copy) }})
    {%- endfor %}
    and case compared.group_name
        when 'table' then
            compared.total_now * 100
            < compared.total_before * (100 - {{ limits.max_fall_pct }})
            or (
                compared.total_now * 100
                > compared.total_before * (100 + {{ limits.max_rise_pct }})
                -- A few more are fine where there were almost none.
                and compared.total_now > compared.total_before + 5
            )
        when 'column' then
            compared.total_now * 100
            < compared.total_before * (100 - compared.max_change_pct)
            and compared.total_now
            < compared.total_before - {{ limits.get('few_rows', 3) }}
        -- What was shipped stays as it was shipped.
        when 'shipped order' then
            compared.total_now != compared.total_before
            and compared.total_before > 0
            and compared.group_value != 'none'
        -- A month is closed when the next one has begun. Late orders and
        -- payments still arrive for the month before the last one.
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
