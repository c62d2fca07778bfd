with

run_results as (

    select * from {{ source('ops', 'run_results') }}

),

timed_runs as (

    select
        run_results.node_id,
        run_results.node_name,
        run_results.node_kind,
        run_results.duration_seconds,
        row_number() over (
            partition by run_results.node_id
            order by run_results.started_at desc, run_results.invocation_id desc
        ) as recency_rank
    from run_results
    where run_results.status != 'skipped'

),

final as (

    select
        timed_runs.node_id,
        timed_runs.node_name,
        timed_runs.node_kind,
        cast(count(*) as integer) as run_count,
        cast(avg(timed_runs.duration_seconds) as decimal(18, 3))
            as average_duration_seconds,
        max(timed_runs.duration_seconds) as longest_duration_seconds,
        max(
            case
                when timed_runs.recency_rank = 1
                    then timed_runs.duration_seconds
            end
        ) as last_duration_seconds
    from timed_runs
    group by
        timed_runs.node_id,
        timed_runs.node_name,
        timed_runs.node_kind

)

select * from final
