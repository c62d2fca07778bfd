with

fct_order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

dim_customer_versions as (

    select * from {{ ref('dim_customer_versions') }}

),

final as (

    select
        fct_order_lines.order_id,
        fct_order_lines.order_line_number,
        count(dim_customer_versions.customer_version_key) as version_count
    from fct_order_lines
    left join dim_dates
        on fct_order_lines.order_date_key = dim_dates.date_key
    left join dim_customer_versions
        on
            fct_order_lines.customer_key = dim_customer_versions.customer_key
            and dim_dates.date_day >= dim_customer_versions.valid_from
            and dim_dates.date_day < dim_customer_versions.valid_to
    group by
        fct_order_lines.order_id,
        fct_order_lines.order_line_number,
        fct_order_lines.customer_version_key
    having
        count(dim_customer_versions.customer_version_key) != 1
        or min(dim_customer_versions.customer_version_key)
        != fct_order_lines.customer_version_key

)

select * from final
