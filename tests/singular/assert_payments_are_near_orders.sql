-- No customer of the sample has paid more than was ordered. Half as much again
-- leaves room for paying ahead, but not for a slipped decimal point.
select customers.*
from ({{ paid_and_ordered_by_customer() }}) as customers
where customers.paid_amount > customers.ordered_amount * 1.5
