{%- set unknown_key = surrogate_key(['null']) -%}
with

stg_payments as (

    select * from {{ ref('stg_payments') }}

),

int_customer_profiles as (

    select * from {{ ref('int_customer_profiles') }}

),

customers as (

    select
        int_customer_profiles.customer_id,
        {{ surrogate_key([
            'int_customer_profiles.customer_id',
        ]) }} as customer_key,
        {{ location_key('int_customer_profiles') }} as location_key
    from int_customer_profiles

),

final as (

    select
        {{ date_key('stg_payments.payment_date') }} as payment_date_key,
        coalesce(customers.customer_key, {{ unknown_key }}) as customer_key,
        coalesce(
            customers.location_key,
            {{ surrogate_key(
                ['null', 'null', 'null', 'null']
            ) }}
        ) as location_key,
        stg_payments.customer_id,
        stg_payments.check_number,
        stg_payments.payment_amount
    from stg_payments
    left join customers
        on stg_payments.customer_id = customers.customer_id

)

select * from final
