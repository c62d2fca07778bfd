with

order_statuses as (

    select * from {{ ref('order_statuses') }}

),

unknown_member as (

    select
        cast(null as {{ dbt.type_string() }}) as order_status,
        'The order is not known' as status_meaning,
        false as is_shipped,
        false as is_cancelled,
        false as is_open,
        true as counts_as_net_sales,
        99 as sort_order

),

all_members as (

    select
        order_statuses.order_status,
        order_statuses.status_meaning,
        order_statuses.is_shipped,
        order_statuses.is_cancelled,
        order_statuses.is_open,
        order_statuses.counts_as_net_sales,
        order_statuses.sort_order
    from order_statuses

    union all

    select * from unknown_member

),

final as (

    select
        {{ surrogate_key(['all_members.order_status']) }}
            as order_status_key,
        coalesce(all_members.order_status, 'Unknown') as order_status,
        all_members.status_meaning,
        all_members.is_shipped,
        all_members.is_cancelled,
        all_members.is_open,
        all_members.counts_as_net_sales,
        all_members.sort_order
    from all_members

)

select * from final
