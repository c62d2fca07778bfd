{% macro paid_and_ordered_by_customer() %}
with

ordered_by_customer as (

    select
        orders.customer_id,
        sum(lines.quantity_ordered * lines.unit_price_amount) as ordered_amount
    from {{ ref('stg_orders') }} as orders
    inner join {{ ref('stg_order_lines') }} as lines
        on orders.order_id = lines.order_id
    group by orders.customer_id

),

paid_by_customer as (

    select
        payments.customer_id,
        sum(payments.payment_amount) as paid_amount
    from {{ ref('stg_payments') }} as payments
    group by payments.customer_id

)

select
    paid_by_customer.customer_id,
    paid_by_customer.paid_amount,
    ordered_by_customer.ordered_amount
from paid_by_customer
left join ordered_by_customer
    on paid_by_customer.customer_id = ordered_by_customer.customer_id
{% endmacro %}
