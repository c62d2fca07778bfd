with

run_results as (

    select * from {{ source('ops', 'run_results') }}

),

test_runs as (

    select
        run_results.node_id,
        run_results.node_name,
        run_results.node_kind,
        run_results.started_at,
        run_results.status,
        run_results.commit_id,
        lag(run_results.status) over test_in_time as previous_status,
        lag(run_results.commit_id) over test_in_time as previous_commit_id,
        row_number() over (
            partition by run_results.node_id
            order by run_results.started_at desc, run_results.invocation_id desc
        ) as recency_rank
    from run_results
    where
        run_results.node_kind in ('test', 'unit_test')
        and run_results.status != 'skipped'
    window
        test_in_time as (
            partition by run_results.node_id
            order by run_results.started_at, run_results.invocation_id
        )

),

compared_runs as (

    select
        *,
        status != previous_status as is_changed,
        commit_id = previous_commit_id as is_same_commit
    from test_runs

),

final as (

    select
        compared_runs.node_id,
        compared_runs.node_name,
        compared_runs.node_kind,
        cast(count(*) as integer) as run_count,
        cast(
            sum(
                case
                    when compared_runs.status in ('fail', 'error') then 1
                    else 0
                end
            ) as integer
        ) as failed_run_count,
        cast(
            sum(case when compared_runs.status = 'warn' then 1 else 0 end)
            as integer
        ) as warned_run_count,
        cast(
            sum(case when compared_runs.is_changed then 1 else 0 end)
            as integer
        ) as status_change_count,
        cast(
            sum(
                case
                    when
                        compared_runs.is_changed
                        and compared_runs.is_same_commit
                        then 1
                    else 0
                end
            ) as integer
        ) as same_commit_change_count,
        max(
            case
                when compared_runs.recency_rank = 1 then compared_runs.status
            end
        ) as last_status
    from compared_runs
    group by
        compared_runs.node_id,
        compared_runs.node_name,
        compared_runs.node_kind

)

select * from final
