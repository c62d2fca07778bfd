with

stg_order_lines as (

    select * from {{ ref('stg_order_lines') }}

),

final as (

    select
        stg_order_lines.order_id,
        count(*) as line_count,
        min(stg_order_lines.order_line_number) as first_line_number,
        max(stg_order_lines.order_line_number) as last_line_number
    from stg_order_lines
    group by stg_order_lines.order_id
    having
        min(stg_order_lines.order_line_number) != 1
        or max(stg_order_lines.order_line_number) != count(*)

)

select * from final
