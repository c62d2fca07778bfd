with

raw_payments as (

    select * from {{ ref('raw_payments') }}

),

final as (

    select
        raw_payments.customerNumber as customer_id,
        {{ clean_text('raw_payments.checkNumber') }} as check_number,
        raw_payments.paymentDate as payment_date,
        raw_payments.amount as payment_amount
    from raw_payments

)

select * from final
