-- Who are the ten best customers, and when did they last order?
with

rpt_customer_sales as (

    select * from {{ ref('rpt_customer_sales') }}

),

final as (

    select
        rpt_customer_sales.net_sales_rank,
        rpt_customer_sales.customer_id,
        rpt_customer_sales.customer_name,
        rpt_customer_sales.country_name,
        rpt_customer_sales.last_order_date,
        rpt_customer_sales.order_count,
        rpt_customer_sales.net_sales_amount,
        rpt_customer_sales.net_sales_share_pct
    from rpt_customer_sales
    where rpt_customer_sales.net_sales_rank <= 10

)

select * from final
order by net_sales_rank asc
