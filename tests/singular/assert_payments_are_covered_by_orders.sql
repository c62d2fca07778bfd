-- Odd, but possible: a customer may pay ahead.
{{ config(severity='warn') }}

select customers.*
from ({{ paid_and_ordered_by_customer() }}) as customers
where customers.paid_amount > coalesce(customers.ordered_amount, 0)
