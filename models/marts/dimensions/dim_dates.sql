{%- set month_names = [
    'January', 'February', 'March', 'April', 'May', 'June', 'July',
    'August', 'September', 'October', 'November', 'December',
] -%}
{%- set day_names = [
    'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday',
    'Sunday',
] -%}
with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

stg_payments as (

    select * from {{ ref('stg_payments') }}

),

as_of_dates as (

    select as_of_dates.as_of_date from {{ as_of_date() }} as as_of_dates

),

dates_in_data as (

    select stg_orders.order_date as date_day from stg_orders

    union all

    select stg_orders.required_date as date_day from stg_orders

    union all

    select stg_orders.shipped_date as date_day from stg_orders

    union all

    select stg_payments.payment_date as date_day from stg_payments

),

calendar_bounds as (

    select
        cast(
            {{ dbt.date_trunc('year', 'min(dates_in_data.date_day)') }} as date
        ) as first_day,
        extract(year from max(dates_in_data.date_day)) + 1 as last_year
    from dates_in_data

),

-- From 1990 to 2100, which is what the tests on staging allow.
day_numbers as (

    {{ dbt.generate_series(41000) }}

),

days_in_series as (

    select
        calendar_bounds.last_year,
        cast(
            {{ dbt.dateadd(
                'day',
                'cast(day_numbers.generated_number - 1 as integer)',
                'calendar_bounds.first_day',
            ) }} as date
        ) as date_day
    from calendar_bounds
    cross join day_numbers

),

calendar_days as (

    select
        days_in_series.date_day,
        cast(extract(year from days_in_series.date_day) as integer)
            as year_number,
        cast(extract(quarter from days_in_series.date_day) as integer)
            as quarter_number,
        cast(extract(month from days_in_series.date_day) as integer)
            as month_number,
        cast(extract(day from days_in_series.date_day) as integer)
            as day_of_month,
        cast(extract(doy from days_in_series.date_day) as integer)
            as day_of_year,
        -- 1900-01-01 was a Monday.
        cast(
            mod(
                {{ dbt.datediff(
                    "cast('1900-01-01' as date)",
                    'days_in_series.date_day',
                    'day',
                ) }},
                7
            ) + 1 as integer
        ) as iso_weekday
    from days_in_series
    where extract(year from days_in_series.date_day) <= days_in_series.last_year

),

-- ISO 8601 assigns a week to the year of its Thursday.
days_with_thursday as (

    select
        calendar_days.*,
        cast(
            {{ dbt.dateadd(
                'day',
                '4 - calendar_days.iso_weekday',
                'calendar_days.date_day',
            ) }} as date
        ) as iso_thursday
    from calendar_days

),

known_days as (

    select
        days_with_thursday.date_day,
        days_with_thursday.day_of_month,
        days_with_thursday.day_of_year,
        days_with_thursday.iso_weekday,
        case days_with_thursday.iso_weekday
            {% for name in day_names %}
                when {{ loop.index }} then '{{ name }}'
            {% endfor %}
        end as day_name,
        cast(
            extract(week from days_with_thursday.iso_thursday) as integer
        ) as iso_week,
        cast(
            extract(year from days_with_thursday.iso_thursday) as integer
        ) as iso_year,
        days_with_thursday.month_number,
        case days_with_thursday.month_number
            {% for name in month_names %}
                when {{ loop.index }} then '{{ name }}'
            {% endfor %}
        end as month_name,
        days_with_thursday.quarter_number,
        'Q' || cast(
            days_with_thursday.quarter_number as {{ dbt.type_string() }}
        ) as quarter_name,
        days_with_thursday.year_number,
        days_with_thursday.iso_weekday >= 6 as is_weekend,
        days_with_thursday.day_of_month = 1 as is_month_start,
        days_with_thursday.date_day = cast(
            {{ dbt.last_day('days_with_thursday.date_day', 'month') }} as date
        ) as is_month_end,
        mod(days_with_thursday.year_number, 4) = 0
        and (
            mod(days_with_thursday.year_number, 100) != 0
            or mod(days_with_thursday.year_number, 400) = 0
        ) as is_leap_year,
        cast(
            {{ dbt.date_trunc('month', 'days_with_thursday.date_day') }} as date
        ) as month_start_date,
        cast(
            {{ dbt.date_trunc('quarter', 'days_with_thursday.date_day') }}
            as date
        ) as quarter_start_date,
        cast(
            {{ dbt.date_trunc('year', 'days_with_thursday.date_day') }} as date
        ) as year_start_date,
        cast(
            {{ dbt.datediff(
                'days_with_thursday.date_day',
                'as_of_dates.as_of_date',
                'day',
            ) }} as integer
        ) as days_before_as_of_date
    from days_with_thursday
    cross join as_of_dates

),

unknown_member as (

    select
        cast(null as date) as date_day,
        cast(null as integer) as day_of_month,
        cast(null as integer) as day_of_year,
        cast(null as integer) as iso_weekday,
        'Unknown' as day_name,
        cast(null as integer) as iso_week,
        cast(null as integer) as iso_year,
        cast(null as integer) as month_number,
        'Unknown' as month_name,
        cast(null as integer) as quarter_number,
        'Unknown' as quarter_name,
        cast(null as integer) as year_number,
        false as is_weekend,
        false as is_month_start,
        false as is_month_end,
        false as is_leap_year,
        cast(null as date) as month_start_date,
        cast(null as date) as quarter_start_date,
        cast(null as date) as year_start_date,
        cast(null as integer) as days_before_as_of_date

),

all_members as (

    select * from known_days

    union all

    select * from unknown_member

),

final as (

    select
        {{ date_key('all_members.date_day') }} as date_key,
        all_members.date_day,
        all_members.day_of_month,
        all_members.day_of_year,
        all_members.iso_weekday,
        all_members.day_name,
        all_members.iso_week,
        all_members.iso_year,
        all_members.month_number,
        all_members.month_name,
        all_members.quarter_number,
        all_members.quarter_name,
        all_members.year_number,
        all_members.is_weekend,
        all_members.is_month_start,
        all_members.is_month_end,
        all_members.is_leap_year,
        all_members.month_start_date,
        all_members.quarter_start_date,
        all_members.year_start_date,
        all_members.days_before_as_of_date
    from all_members

)

select * from final
