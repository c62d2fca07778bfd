-- Who owes most at the end of the last month, for orders of which age, and who
-- is over the credit limit?
with

rpt_customer_receivables as (

    select * from {{ ref('rpt_customer_receivables') }}

),

final as (

    select
        rpt_customer_receivables.month_end_date,
        rpt_customer_receivables.customer_id,
        rpt_customer_receivables.customer_name,
        rpt_customer_receivables.country_name,
        rpt_customer_receivables.is_over_credit_limit,
        rpt_customer_receivables.balance_amount,
        rpt_customer_receivables.owed_0_30_days_amount,
        rpt_customer_receivables.owed_31_60_days_amount,
        rpt_customer_receivables.owed_61_90_days_amount,
        rpt_customer_receivables.owed_over_90_days_amount,
        rpt_customer_receivables.credit_limit_amount
    from rpt_customer_receivables
    where rpt_customer_receivables.balance_amount > 0

)

select * from final
order by
    balance_amount desc,
    customer_id asc
