with

payments as (

    select * from {{ raw_input('payments') }}

),

final as (

    select
        cast(payments.customerNumber as integer) as customerNumber,
        cast(payments.checkNumber as {{ dbt.type_string() }}) as checkNumber,
        cast(payments.paymentDate as date) as paymentDate,
        cast(payments.amount as decimal(10, 2)) as amount
    from payments

)

select * from final
