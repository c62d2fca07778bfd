with

run_results as (

    select * from {{ source('ops', 'run_results') }}

),

counted_runs as (

    select
        run_results.invocation_id,
        run_results.node_id,
        run_results.node_name,
        run_results.node_kind,
        run_results.started_at,
        run_results.row_count,
        lag(run_results.row_count) over (
            partition by run_results.node_id
            order by run_results.started_at, run_results.invocation_id
        ) as previous_row_count
    from run_results
    where run_results.row_count is not null

),

final as (

    select
        invocation_id,
        node_id,
        node_name,
        node_kind,
        started_at,
        row_count,
        previous_row_count,
        row_count - previous_row_count as row_count_change
    from counted_runs

)

select * from final
