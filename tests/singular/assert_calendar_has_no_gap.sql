with

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

calendar as (

    select
        count(*) as day_count,
        min(dim_dates.date_day) as first_day,
        max(dim_dates.date_day) as last_day
    from dim_dates
    where dim_dates.date_key != -1

),

final as (

    select *
    from calendar
    where
        day_count
        != 1 + {{ dbt.datediff(
            'first_day', 'last_day', 'day'
        ) }}
        or extract(month from first_day) != 1
        or extract(day from first_day) != 1
        or extract(month from last_day) != 12
        or extract(day from last_day) != 31

)

select * from final
