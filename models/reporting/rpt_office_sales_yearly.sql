with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_offices as (

    select * from {{ ref('dim_offices') }}

),

sales_by_office_and_year as (

    select
        fct_order_lines.office_key,
        dim_dates.year_number,
        sum(fct_order_lines.quantity_ordered) as quantity_ordered,
        count(distinct fct_order_lines.order_id) as order_count,
        count(distinct fct_order_lines.customer_key) as customer_count,
        sum(fct_order_lines.ordered_amount) as ordered_amount,
        sum(fct_order_lines.cancelled_amount) as cancelled_amount,
        sum(fct_order_lines.net_sales_amount) as net_sales_amount,
        sum(fct_order_lines.margin_amount) as margin_amount,
        sum(fct_order_lines.net_margin_amount) as net_margin_amount
    from fct_order_lines
    left join dim_dates
        on fct_order_lines.order_date_key = dim_dates.date_key
    group by
        fct_order_lines.office_key,
        dim_dates.year_number

),

year_bounds as (

    select
        min(sales_by_office_and_year.year_number) as first_year,
        max(sales_by_office_and_year.year_number) as last_year
    from sales_by_office_and_year

),

calendar_years as (

    select
        dim_dates.year_number,
        min(dim_dates.days_before_as_of_date) >= 0 as is_complete_year
    from dim_dates
    cross join year_bounds
    where
        dim_dates.year_number >= year_bounds.first_year
        and dim_dates.year_number <= year_bounds.last_year
    group by dim_dates.year_number

),

-- Every office in every year; Unknown only in a year when it has orders.
office_years as (

    select
        dim_offices.office_key,
        dim_offices.office_id,
        dim_offices.city,
        dim_offices.country_name,
        dim_offices.region,
        calendar_years.year_number,
        calendar_years.is_complete_year,
        coalesce(sales_by_office_and_year.quantity_ordered, 0)
            as quantity_ordered,
        coalesce(sales_by_office_and_year.order_count, 0) as order_count,
        coalesce(sales_by_office_and_year.customer_count, 0)
            as customer_count,
        coalesce(sales_by_office_and_year.ordered_amount, 0)
            as ordered_amount,
        coalesce(sales_by_office_and_year.cancelled_amount, 0)
            as cancelled_amount,
        coalesce(sales_by_office_and_year.net_sales_amount, 0)
            as net_sales_amount,
        coalesce(sales_by_office_and_year.margin_amount, 0) as margin_amount,
        coalesce(sales_by_office_and_year.net_margin_amount, 0)
            as net_margin_amount
    from dim_offices
    cross join calendar_years
    left join sales_by_office_and_year
        on
            dim_offices.office_key = sales_by_office_and_year.office_key
            and calendar_years.year_number
            = sales_by_office_and_year.year_number
    where
        dim_offices.office_id is not null
        or sales_by_office_and_year.order_count > 0

),

final as (

    select
        office_years.office_key,
        office_years.office_id,
        office_years.city as office_city,
        office_years.country_name as office_country_name,
        office_years.region as office_region,
        office_years.year_number,
        office_years.is_complete_year,
        cast(office_years.quantity_ordered as bigint) as quantity_ordered,
        cast(office_years.order_count as bigint) as order_count,
        cast(office_years.customer_count as bigint) as customer_count,
        cast(office_years.ordered_amount as decimal(18, 2)) as ordered_amount,
        cast(office_years.cancelled_amount as decimal(18, 2))
            as cancelled_amount,
        cast(office_years.net_sales_amount as decimal(18, 2))
            as net_sales_amount,
        cast(office_years.margin_amount as decimal(18, 2)) as margin_amount,
        cast(office_years.net_margin_amount as decimal(18, 2))
            as net_margin_amount,
        {{ ratio(
            'office_years.net_margin_amount',
            'office_years.net_sales_amount',
        ) }} as net_margin_pct,
        {{ ratio(
            'office_years.net_sales_amount',
            'sum(office_years.net_sales_amount)'
            ~ ' over (partition by office_years.year_number)',
        ) }} as net_sales_share_pct
    from office_years

)

select * from final
