-- Orders: what all facts need of them, with all keys.

create temp table keyed_orders as
select
    orders.orderNumber as order_id,
    orders.customerNumber as customer_id,
    orders.orderDate as order_date,
    orders.requiredDate as required_date,
    orders.shippedDate as shipped_date,
    customer_keys.customer_key,
    customer_keys.customer_version_key,
    customer_keys.sales_rep_employee_key,
    customer_keys.office_key,
    customer_keys.location_key,
    date_key(orders.orderDate) as order_date_key,
    date_key(orders.requiredDate) as required_date_key,
    date_key(orders.shippedDate) as shipped_date_key,
    key(part(clean(orders.status))) as order_status_key,
    coalesce(order_statuses.is_cancelled, false) as is_cancelled,
    coalesce(order_statuses.counts_as_net_sales, true) as counts,
    coalesce(lines.line_count, 0) as line_count,
    coalesce(lines.total_quantity, 0) as total_quantity,
    coalesce(lines.total_amount, 0) as total_amount,
    coalesce(lines.total_cost, 0) as total_cost
from orders
left join (
    select
        orderNumber,
        count(*) as line_count,
        sum(quantityOrdered) as total_quantity,
        cast(sum(quantityOrdered * priceEach) as decimal(18, 2))
            as total_amount,
        cast(sum(quantityOrdered * unit_cost_amount) as decimal(18, 2))
            as total_cost
    from orderdetails
    inner join product_numbers using (productCode)
    group by all
) as lines using (orderNumber)
inner join customer_keys on orders.customerNumber = customer_keys.customer_id
left join order_statuses on clean(orders.status) = order_statuses.order_status;

create temp table bounds as
select
    date_trunc('year', min(first_day)) as first_day,
    year(max(last_day)) + 1 as last_year,
    any_value(as_of_date) as as_of_date
from (
    select
        least(min(order_date), min(required_date), min(shipped_date))
            as first_day,
        greatest(max(order_date), max(required_date), max(shipped_date))
            as last_day,
        max(order_date) as as_of_date
    from keyed_orders
    union all
    select min(paymentDate), max(paymentDate), null from payments
);

create table marts.dim_dates as
select
    date_key(date_day) as date_key,
    date_day,
    cast(day(date_day) as integer) as day_of_month,
    cast(dayofyear(date_day) as integer) as day_of_year,
    cast(isodow(date_day) as integer) as iso_weekday,
    dayname(date_day) as day_name,
    cast(week(date_day) as integer) as iso_week,
    cast(isoyear(date_day) as integer) as iso_year,
    cast(month(date_day) as integer) as month_number,
    monthname(date_day) as month_name,
    cast(quarter(date_day) as integer) as quarter_number,
    'Q' || quarter(date_day) as quarter_name,
    cast(year(date_day) as integer) as year_number,
    isodow(date_day) >= 6 as is_weekend,
    day(date_day) = 1 as is_month_start,
    date_day = last_day(date_day) as is_month_end,
    dayofyear(make_date(year(date_day), 12, 31)) = 366 as is_leap_year,
    cast(date_trunc('month', date_day) as date) as month_start_date,
    cast(date_trunc('quarter', date_day) as date) as quarter_start_date,
    cast(date_trunc('year', date_day) as date) as year_start_date,
    cast(as_of_date - date_day as integer) as days_before_as_of_date
from (
    select
        as_of_date,
        cast(unnest(range(
            first_day, make_date(last_year + 1, 1, 1), interval 1 day
        )) as date) as date_day
    from bounds
)
union all
select
    -1, null, null, null, null, 'Unknown', null, null, null, 'Unknown', null,
    'Unknown', null, false, false, false, false, null, null, null, null;

-- The facts.

create table marts.fct_order_lines as
select
    orders.order_date_key,
    orders.required_date_key,
    orders.shipped_date_key,
    orders.customer_key,
    orders.customer_version_key,
    products.product_key,
    orders.sales_rep_employee_key,
    orders.office_key,
    orders.location_key,
    orders.order_status_key,
    orderdetails.orderNumber as order_id,
    cast(orderdetails.orderLineNumber as integer) as order_line_number,
    cast(orderdetails.quantityOrdered as integer) as quantity_ordered,
    orderdetails.priceEach as unit_price_amount,
    products.unit_cost_amount,
    products.msrp_amount,
    cast(quantityOrdered * priceEach as decimal(18, 2)) as ordered_amount,
    case when orders.counts then 0 else ordered_amount end
        as cancelled_amount,
    case when orders.counts then ordered_amount else 0 end
        as net_sales_amount,
    cast(quantityOrdered * unit_cost_amount as decimal(18, 2)) as cost_amount,
    case when orders.counts then cost_amount else 0 end as net_cost_amount,
    cast(ordered_amount - cost_amount as decimal(18, 2)) as margin_amount,
    case when orders.counts then margin_amount else 0 end
        as net_margin_amount,
    cast(quantityOrdered * (msrp_amount - priceEach) as decimal(18, 2))
        as msrp_discount_amount
from orderdetails
inner join product_numbers as products using (productCode)
inner join keyed_orders as orders
    on orderdetails.orderNumber = orders.order_id;

create table marts.fct_orders as
select
    orders.order_date_key,
    orders.required_date_key,
    orders.shipped_date_key,
    orders.customer_key,
    orders.customer_version_key,
    orders.sales_rep_employee_key,
    orders.office_key,
    orders.location_key,
    orders.order_status_key,
    orders.order_id,
    coalesce(shipped_date > required_date, false) as is_late,
    shipped_date is null and not is_cancelled and required_date < as_of_date
        as is_past_due,
    cast(orders.line_count as integer) as line_count,
    cast(orders.total_quantity as integer) as quantity_ordered,
    orders.total_amount as ordered_amount,
    case when counts then 0 else orders.total_amount end as cancelled_amount,
    case when counts then orders.total_amount else 0 end as net_sales_amount,
    orders.total_cost as cost_amount,
    cast(orders.total_amount - orders.total_cost as decimal(18, 2))
        as margin_amount,
    case when counts then margin_amount else 0 end as net_margin_amount,
    cast(shipped_date - order_date as integer) as days_to_ship,
    cast(case when is_late or is_past_due
        then coalesce(shipped_date, as_of_date) - required_date
        else 0 end as integer) as days_late
from keyed_orders as orders
cross join bounds;

create table marts.fct_payments as
select
    date_key(payments.paymentDate) as payment_date_key,
    customer_keys.customer_key,
    customer_keys.location_key,
    customer_keys.customer_id,
    clean(payments.checkNumber) as check_number,
    payments.amount as payment_amount
from payments
inner join customer_keys on payments.customerNumber = customer_keys.customer_id;

-- The balance of a month holds until the next month with a movement.
create temp table monthly_movements as
select
    customer_id,
    cast(year(movement_date) * 12 + month(movement_date) - 1 as integer)
        as month_number,
    cast(sum(net_sales_amount) as decimal(18, 2)) as net_sales_amount,
    cast(sum(paid_amount) as decimal(18, 2)) as paid_amount
from (
    select
        customer_id,
        order_date as movement_date,
        case when counts then total_amount else 0 end as net_sales_amount,
        0 as paid_amount
    from keyed_orders
    union all
    select customerNumber, paymentDate, 0, amount from payments
)
group by all;

create temp table months as
select
    month_number,
    make_date(month_number // 12, month_number % 12 + 1, 1) as month_start_date,
    date_key(last_day(month_start_date)) as month_end_date_key
from (
    select unnest(range(min(month_number), max(month_number) + 1))
        as month_number
    from monthly_movements
);

create temp table running_balances as
select
    *,
    cast(sum(net_sales_amount) over by_month as decimal(18, 2))
        as net_sales_to_date_amount,
    cast(sum(paid_amount) over by_month as decimal(18, 2))
        as paid_to_date_amount,
    lead(month_number, 1, (select max(month_number) + 1 from months))
        over by_month as next_month_number
from (
    from monthly_movements
    union all
    -- Who has no movement in the first month has a balance of 0 there.
    select customer_id, (select min(month_number) from months), 0, 0
    from customer_keys
    anti join (
        from monthly_movements
        where month_number = (select min(month_number) from months)
    ) using (customer_id)
)
window by_month as (partition by customer_id order by month_number);

create table marts.fct_customer_balances_monthly as
select
    month_end_date_key,
    customer_key,
    location_key,
    customer_id,
    is_over_credit_limit,
    case when month_number = moved_month_number then net_sales_amount else 0
    end as net_sales_amount,
    case when month_number = moved_month_number then paid_amount else 0
    end as paid_amount,
    net_sales_to_date_amount,
    paid_to_date_amount,
    balance_amount,
    credit_limit_amount
from (
    -- The keys first: the optimiser does not see how many rows unnest makes.
    select
        * exclude (month_number),
        cast(net_sales_to_date_amount - paid_to_date_amount as decimal(18, 2))
            as balance_amount,
        coalesce(balance_amount > credit_limit_amount, false)
            as is_over_credit_limit,
        month_number as moved_month_number,
        unnest(range(month_number, next_month_number)) as month_number
    from running_balances
    inner join customer_keys using (customer_id)
)
inner join months using (month_number);

drop table monthly_movements;
drop table running_balances;
