-- Grows the tables of the source, which data.py has read, by the factor $scale.
--
-- A copy of the sample is its customers of one generation in one span of years:
-- generation 0, span 0 is the sample itself, and each customer orders again in
-- each span. A span begins whole years after the one before, give or take the
-- days that keep the weekday, so that spans overlap and the business grows.

create temp table settings as
select
    $scale as copy_count,
    $seed as seed,
    (select count(*) from orderdetails) as line_count,
    cast(least(18, 1 + floor(log2($scale))) as integer) as span_count;

create temp table spans as
select
    span,
    cast(7 * round(span * 365.25 / 7) as integer) as days_later,
    -- The last generation may lack the last spans.
    cast(ceil((copy_count - span) / span_count) as integer) as generation_count
from settings, range(span_count) as spans(span);

-- Orders are numbered as time goes by: those of one order of the sample and one
-- span one after the other, by generation.
create temp table order_blocks as
select
    orders.*,
    span,
    days_later,
    generation_count,
    (select min(orderNumber) from orders)
    + cast(coalesce(sum(generation_count) over (
        order by entered_on + days_later, orders.orderNumber, span
        rows between unbounded preceding and 1 preceding
    ), 0) as integer) as first_number
from (
    -- A few orders of the sample are older than the ones before them.
    select *, max(orderDate) over (order by orderNumber) as entered_on
    from orders
) as orders
cross join spans;

-- Products take turns within their line, but for the one that nobody ordered.
create temp table sold_products as
select
    productCode,
    productLine,
    MSRP,
    row_number() over by_line - 1 as product_number,
    rank() over (order by productLine) - 1 as first_of_line,
    count(*) over (partition by productLine) as line_size
from products
where productCode in (select productCode from orderdetails)
window by_line as (order by productLine, productCode);

-- Quantity and price of a grown line are those of a random line of the sample;
-- the price as a share of the suggested one.
create temp table sample_lines as
select
    row_number() over (order by orderNumber, orderLineNumber) - 1 as line_number,
    orderNumber as sample_number,
    orderLineNumber,
    product_number,
    first_of_line,
    line_size,
    quantityOrdered,
    priceEach,
    priceEach / MSRP as price_ratio
from orderdetails
inner join sold_products using (productCode);

-- A random whole number, the same on every machine and in every version.
create temp macro draw(a, b, seed) as
    (
        (cast(a as bigint) * 7919 + b * 104729 + seed * 15485863) % 2147483647
        * 48271 % 2147483647 + a
    ) * 69621 % 2147483647;

create temp macro grown_customer(number, generation) as
    number + generation * 1000;

create temp macro grown_orders(first_block, last_block) as table
select
    cast(first_number + generation as integer) as orderNumber,
    orderDate + days_later as orderDate,
    requiredDate + days_later as requiredDate,
    shippedDate + days_later as shippedDate,
    status,
    cast(grown_customer(customerNumber, generation) as integer)
        as customerNumber,
    orderNumber as sample_number,
    cast(span as integer) as span,
    cast(generation as integer) as generation
from (
    select *, unnest(range(generation_count)) as generation
    from order_blocks
    where first_number >= first_block and first_number < last_block
)
order by first_number + generation;

-- The orders whose lines come next.
create temp table new_orders as from grown_orders(0, 0);

create temp macro grown_lines() as table
with

drawn_lines as materialized (

    select
        orders.orderNumber,
        lines.orderLineNumber,
        case when is_sample then lines.priceEach end as priceEach,
        case
            when is_sample then line_number
            else draw(orders.orderNumber, orderLineNumber, seed) % line_count
        end as line_number,
        case
            when is_sample then product_number
            else
                first_of_line
                + (product_number + draw(generation, span, seed)) % line_size
        end as product_number
    from (
        select *, span = 0 and generation = 0 as is_sample from new_orders
    ) as orders
    inner join sample_lines as lines using (sample_number)
    cross join settings

)

select
    drawn_lines.orderNumber,
    sold_products.productCode,
    sample_lines.quantityOrdered,
    cast(
        coalesce(drawn_lines.priceEach, price_ratio * MSRP) as decimal(10, 2)
    ) as priceEach,
    drawn_lines.orderLineNumber
from drawn_lines
inner join sample_lines using (line_number)
inner join sold_products
    on drawn_lines.product_number = sold_products.product_number
order by drawn_lines.orderNumber, drawn_lines.orderLineNumber;

-- Which order of the sample a payment settled in full, if one.
create temp table sample_payments as
select
    payments.*,
    (
        select min(totals.orderNumber)
        from (
            select
                orderNumber,
                customerNumber,
                sum(quantityOrdered * priceEach) as amount
            from orderdetails
            inner join orders using (orderNumber)
            group by all
        ) as totals
        where
            totals.customerNumber = payments.customerNumber
            and totals.amount = payments.amount
    ) as settled_number
from payments;

create temp table sample_orders as
select
    orderNumber as sample_number,
    customerNumber as sample_customer,
    exists(
        select 1 from sample_payments where settled_number = orderNumber
    ) as is_settled,
    sum(quantityOrdered * priceEach) as sample_amount
from orderdetails
inner join orders using (orderNumber)
group by all;

create temp table order_totals (
    sample_number integer, generation integer, span integer,
    amount decimal(18, 2)
);

-- A payment that settled an order settles it again, to the cent. The others
-- keep their share of what else the customer ordered.
create temp macro grown_payments() as table
select
    cast(
        grown_customer(payments.customerNumber, copies.generation) as integer
    ) as customerNumber,
    checkNumber || case when copies.span > 0 then '-' || copies.span else '' end
        as checkNumber,
    paymentDate + copies.days_later as paymentDate,
    cast(
        case
            when copies.span = 0 and copies.generation = 0 then payments.amount
            when settled_number is not null then settled.amount
            else floor(100 * payments.amount * others.share) / 100
        end as decimal(10, 2)
    ) as amount
from sample_payments as payments
cross join (
    select *, unnest(range(generation_count)) as generation from spans
) as copies
left join order_totals as settled
    on settled.sample_number = payments.settled_number
    and settled.generation = copies.generation
    and settled.span = copies.span
left join (
    select
        sample_customer,
        generation,
        span,
        sum(amount) / sum(sample_amount) as share
    from order_totals
    inner join sample_orders using (sample_number)
    where not is_settled
    group by all
) as others
    on others.sample_customer = payments.customerNumber
    and others.generation = copies.generation
    and others.span = copies.span
order by 3, 1, 2;

create temp macro grown_customers() as table
select
    customers.* replace (
        cast(grown_customer(customerNumber, generation) as integer)
            as customerNumber,
        customerName || case when generation > 0 then ' ' || generation + 1
            else '' end as customerName
    )
from customers
cross join range((select max(generation_count) from spans)) as t(generation)
order by customerNumber;
