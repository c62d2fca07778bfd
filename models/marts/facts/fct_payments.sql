with

stg_payments as (

    select * from {{ ref('stg_payments') }}

),

int_customer_profiles as (

    select * from {{ ref('int_customer_profiles') }}

),

final as (

    select
        {{ dbt_utils.generate_surrogate_key([
            'stg_payments.customer_id',
            'stg_payments.check_number',
        ]) }} as payment_key,
        {{ date_key('stg_payments.payment_date') }} as payment_date_key,
        {{ dbt_utils.generate_surrogate_key(['stg_payments.customer_id']) }}
            as customer_key,
        {{ location_key('int_customer_profiles') }} as location_key,
        stg_payments.customer_id,
        stg_payments.check_number,
        stg_payments.payment_amount
    from stg_payments
    left join int_customer_profiles
        on stg_payments.customer_id = int_customer_profiles.customer_id

)

select * from final
