with branches as (

    -- a branch that was the default one before it was renamed or replaced is known by the pull requests to it
    select
        repository_key,
        default_branch as branch_name
    from {{ ref('int_repositories') }}
    union
    select
        repository_key,
        base_ref_name as branch_name
    from {{ ref('int_pull_requests') }}
    where is_default_branch

),

deploying_runs as (

    select run_key
    from {{ ref('stg_github__workflow_jobs') }}
    union
    select runs.run_key
    from {{ ref('stg_github__workflow_runs') }} as runs
    inner join {{ ref('stg_organization__deployment_rules') }} as rules
        on {{ matches_workflow('runs', 'rules.workflow_pattern') }}

),

runs as (

    select
        runs.run_attempt_key,
        runs.run_key,
        runs.repository_key,
        runs.connection,
        coalesce(runs.workflow_path, runs.workflow_name) as workflow,
        runs.commit_oid,
        runs.event,
        runs.attempt_number,
        runs.started_at,
        case when runs.completed_at <= settings.as_of then runs.completed_at end as completed_at,
        case
            when runs.conclusion = 'success' then 'passed'
            when runs.conclusion in ('failure', 'timed_out', 'startup_failure') then 'failed'
            when runs.conclusion in ('cancelled', 'neutral') then 'no_verdict'
            else 'not_run'
        end as result,
        branches.branch_name is not null and runs.event not like 'pull_request%' as is_default_branch,
        deploying_runs.run_key is not null as may_deploy
    from {{ ref('stg_github__workflow_runs') }} as runs
    cross join {{ ref('int_settings') }} as settings
    left join branches
        on
            runs.repository_key = branches.repository_key
            and runs.branch_name = branches.branch_name
    left join deploying_runs on runs.run_key = deploying_runs.run_key
    where runs.started_at <= settings.as_of

),

workflows as (

    select
        repository_key,
        workflow
    from runs
    group by repository_key, workflow
    having
        bool_or(event in ('pull_request', 'merge_group'))
        or (bool_or(event = 'push' and is_default_branch) and not bool_or(may_deploy))

),

attempts as (

    select
        runs.*,
        row_number() over (
            partition by runs.repository_key, runs.workflow, runs.commit_oid
            order by runs.started_at, runs.run_attempt_key
        ) > 1 as is_repeated,
        row_number() over (
            partition by runs.repository_key, runs.workflow, runs.commit_oid
            order by
                case when runs.result in ('passed', 'failed') then 0 else 1 end,
                runs.completed_at,
                runs.run_attempt_key
        ) = 1 and runs.result in ('passed', 'failed') as is_first_verdict,
        min(case when runs.result = 'failed' then runs.completed_at end) over checked_commit as first_failed_at,
        max(case when runs.result = 'passed' then runs.completed_at end) over checked_commit as last_passed_at
    from runs
    inner join workflows
        on
            runs.repository_key = workflows.repository_key
            and runs.workflow = workflows.workflow
    where runs.is_default_branch and runs.completed_at is not null and runs.result != 'not_run'
    window checked_commit as (partition by runs.repository_key, runs.workflow, runs.commit_oid)

)

select
    attempts.run_attempt_key,
    attempts.run_key,
    attempts.repository_key,
    attempts.connection,
    attempts.workflow,
    attempts.commit_oid,
    attempts.attempt_number,
    attempts.result,
    attempts.is_first_verdict,
    attempts.is_first_verdict and coalesce(attempts.first_failed_at < attempts.last_passed_at, false) as is_flaky,
    attempts.is_repeated,
    case
        when attempts.completed_at >= attempts.started_at
            then {{ seconds_between('attempts.started_at', 'attempts.completed_at') }} / 60.0
    end as duration_minutes,
    attempts.started_at,
    attempts.completed_at,
    {{ local_date('attempts.completed_at', 'settings.time_zone') }} as completed_date
from attempts
cross join {{ ref('int_settings') }} as settings
