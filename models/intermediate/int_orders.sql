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

-- The source keeps no history of reps and offices: these are today's.
final as (

    select
        {{ date_key('stg_orders.order_date') }} as order_date_key,
        {{ date_key('stg_orders.required_date') }} as required_date_key,
        {{ date_key('stg_orders.shipped_date') }} as shipped_date_key,
        {{ dbt_utils.generate_surrogate_key(['stg_orders.customer_id']) }}
            as customer_key,
        {{ dbt_utils.generate_surrogate_key([
            'int_customer_versions.customer_id',
            'int_customer_versions.valid_from',
        ]) }} as customer_version_key,
        {{ dbt_utils.generate_surrogate_key([
            'int_customer_profiles.sales_rep_employee_id',
        ]) }} as sales_rep_employee_key,
        {{ dbt_utils.generate_surrogate_key(['stg_employees.office_id']) }}
            as office_key,
        {{ location_key('int_customer_profiles') }} as location_key,
        {{ dbt_utils.generate_surrogate_key(['stg_orders.order_status']) }}
            as order_status_key,
        stg_orders.order_id,
        stg_orders.customer_id,
        coalesce(order_statuses.is_cancelled, false) as is_cancelled,
        coalesce(order_statuses.counts_as_net_sales, true)
            as counts_as_net_sales,
        stg_orders.order_date,
        stg_orders.required_date,
        stg_orders.shipped_date
    from stg_orders
    left join order_statuses
        on stg_orders.order_status = order_statuses.order_status
    left join int_customer_profiles
        on stg_orders.customer_id = int_customer_profiles.customer_id
    left join int_customer_versions
        on
            stg_orders.customer_id = int_customer_versions.customer_id
            and stg_orders.order_date >= int_customer_versions.valid_from
            and stg_orders.order_date < int_customer_versions.valid_to
    left join stg_employees
        on
            int_customer_profiles.sales_rep_employee_id
            = stg_employees.employee_id

)

select * from final
