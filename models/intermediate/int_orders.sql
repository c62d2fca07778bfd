{%- set unknown_key = surrogate_key(['null']) -%}
with

stg_orders as (

    select * from {{ ref('stg_orders') }}

),

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

int_customer_profiles as (

    select * from {{ ref('int_customer_profiles') }}

),

int_customer_versions as (

    select * from {{ ref('int_customer_versions') }}

),

stg_employees as (

    select * from {{ ref('stg_employees') }}

),

-- Keys are made once per member, not once per order. The source keeps no
-- history of reps and offices: these are today's.
customers as (

    select
        int_customer_profiles.customer_id,
        {{ surrogate_key([
            'int_customer_profiles.customer_id',
        ]) }} as customer_key,
        {{ surrogate_key([
            'int_customer_profiles.sales_rep_employee_id',
        ]) }} as sales_rep_employee_key,
        {{ surrogate_key(['stg_employees.office_id']) }}
            as office_key,
        {{ location_key('int_customer_profiles') }} as location_key
    from int_customer_profiles
    left join stg_employees
        on
            int_customer_profiles.sales_rep_employee_id
            = stg_employees.employee_id

),

customer_versions as (

    select
        int_customer_versions.customer_id,
        {{ surrogate_key([
            'int_customer_versions.customer_id',
            'int_customer_versions.valid_from',
        ]) }} as customer_version_key,
        int_customer_versions.valid_from,
        int_customer_versions.valid_to
    from int_customer_versions

),

statuses as (

    select
        order_statuses.order_status,
        {{ surrogate_key(['order_statuses.order_status']) }}
            as order_status_key,
        order_statuses.is_cancelled,
        order_statuses.counts_as_net_sales
    from order_statuses

),

final as (

    select
        {{ date_key('stg_orders.order_date') }} as order_date_key,
        {{ date_key('stg_orders.required_date') }} as required_date_key,
        {{ date_key('stg_orders.shipped_date') }} as shipped_date_key,
        coalesce(customers.customer_key, {{ unknown_key }}) as customer_key,
        coalesce(
            customer_versions.customer_version_key,
            {{ surrogate_key(['null', 'null']) }}
        ) as customer_version_key,
        coalesce(customers.sales_rep_employee_key, {{ unknown_key }})
            as sales_rep_employee_key,
        coalesce(customers.office_key, {{ unknown_key }}) as office_key,
        coalesce(
            customers.location_key,
            {{ surrogate_key(
                ['null', 'null', 'null', 'null']
            ) }}
        ) as location_key,
        coalesce(statuses.order_status_key, {{ unknown_key }})
            as order_status_key,
        stg_orders.order_id,
        coalesce(statuses.is_cancelled, false) as is_cancelled,
        coalesce(statuses.counts_as_net_sales, true) as counts_as_net_sales,
        stg_orders.order_date,
        stg_orders.required_date,
        stg_orders.shipped_date
    from stg_orders
    left join statuses
        on stg_orders.order_status = statuses.order_status
    left join customers
        on stg_orders.customer_id = customers.customer_id
    left join customer_versions
        on
            stg_orders.customer_id = customer_versions.customer_id
            and stg_orders.order_date >= customer_versions.valid_from
            and stg_orders.order_date < customer_versions.valid_to

)

select * from final
