{%- set failing = "('failure', 'timed_out', 'startup_failure')" -%}
with attempts as (

    select
        runs.run_key,
        runs.repository_key,
        runs.connection,
        runs.run_id,
        runs.workflow_name,
        runs.workflow_path,
        runs.commit_oid,
        runs.attempt_number,
        runs.created_at,
        runs.started_at,
        case when runs.completed_at <= settings.as_of then runs.completed_at end as completed_at,
        case when runs.completed_at <= settings.as_of then runs.conclusion end as conclusion
    from {{ ref('stg_github__workflow_runs') }} as runs
    cross join {{ ref('int_settings') }} as settings
    where
        runs.started_at <= settings.as_of
        and runs.event not like 'pull_request%'
        and runs.event != 'merge_group'

),

jobs as (

    select
        jobs.job_key,
        jobs.run_key,
        jobs.job_name,
        jobs.attempt_number,
        jobs.started_at,
        case when jobs.completed_at <= settings.as_of then jobs.completed_at end as completed_at,
        case when jobs.completed_at <= settings.as_of then jobs.conclusion end as conclusion
    from {{ ref('stg_github__workflow_jobs') }} as jobs
    cross join {{ ref('int_settings') }} as settings
    where coalesce(jobs.started_at, jobs.completed_at, jobs.created_at) <= settings.as_of

),

-- deployed_at: where it is known without looking at jobs
candidates as (

    select
        'workflow' as method,
        run_key as deployment_key,
        repository_key,
        repository_key as place_key,
        any_value(connection) as connection,
        any_value(commit_oid) as commit_oid,
        any_value(workflow_name) as workflow_name,
        any_value(workflow_path) as workflow_path,
        cast(null as {{ text_type() }}) as tag_name,
        any_value(run_id) as deployment_id,
        '/actions/runs/' || any_value(run_id) as page,
        min(created_at) as created_at,
        cast(null as timestamp) as deployed_at
    from attempts
    group by run_key, repository_key
    union all
    select
        'release' as method,
        release_key as deployment_key,
        repository_key,
        repository_key as place_key,
        connection,
        commit_oid,
        null as workflow_name,
        null as workflow_path,
        tag_name,
        tag_name as deployment_id,
        '/releases/tag/' || tag_name as page,
        published_at as created_at,
        published_at as deployed_at
    from {{ ref('stg_github__releases') }}
    where not is_draft and not is_prerelease and published_at is not null
    union all
    select
        'tag' as method,
        tag_key as deployment_key,
        repository_key,
        repository_key as place_key,
        connection,
        commit_oid,
        null as workflow_name,
        null as workflow_path,
        tag_name,
        tag_name as deployment_id,
        '/releases/tag/' || tag_name as page,
        coalesce(tagged_at, committed_at) as created_at,
        coalesce(tagged_at, committed_at) as deployed_at
    from {{ ref('stg_github__tags') }}
    where coalesce(tagged_at, committed_at) is not null
    union all
    select
        'merge' as method,
        change_key as deployment_key,
        repository_key,
        place_key,
        connection,
        merge_commit_oid as commit_oid,
        null as workflow_name,
        null as workflow_path,
        null as tag_name,
        merge_commit_oid as deployment_id,
        cast(null as {{ text_type() }}) as page,
        merged_at as created_at,
        merged_at as deployed_at
    from {{ ref('int_changes') }}
    where is_default_branch

),

dated as (

    select
        candidates.*,
        settings.time_zone,
        {{ local_date('candidates.created_at', 'settings.time_zone') }} as candidate_date
    from candidates
    cross join {{ ref('int_settings') }} as settings
    where candidates.created_at <= settings.as_of

),

places as (

    select distinct
        place_key,
        service_id,
        valid_from,
        valid_to
    from {{ ref('int_repository_scopes') }}

),

-- a service's own rules, of whatever method, beat those for any service
matched as (

    select
        dated.*,
        places.service_id,
        rules.job_pattern
    from dated
    inner join places
        on
            dated.place_key = places.place_key
            and {{ in_force('places', 'dated.candidate_date') }}
    inner join {{ ref('stg_organization__deployment_rules') }} as rules
        on
            dated.method = rules.method
            and (rules.service_id is null or places.service_id = rules.service_id)
            and {{ in_force('rules', 'dated.candidate_date') }}
            and (rules.workflow_pattern is null or {{ matches_workflow('dated', 'rules.workflow_pattern') }})
            and (
                rules.tag_pattern is null
                or {{ matches_glob('lower(dated.tag_name)', 'lower(rules.tag_pattern)') }}
            )
    left join {{ ref('stg_organization__deployment_rules') }} as own_rules
        on
            rules.service_id is null
            and places.service_id = own_rules.service_id
            and {{ in_force('own_rules', 'dated.candidate_date') }}
    where own_rules.service_id is null

),

-- the jobs that change production, or the whole run
steps as (

    select distinct
        matched.deployment_key,
        matched.service_id,
        jobs.attempt_number,
        jobs.job_key as step_key,
        jobs.conclusion,
        jobs.started_at,
        jobs.completed_at
    from matched
    inner join jobs
        on
            matched.deployment_key = jobs.run_key
            and {{ matches_glob('lower(jobs.job_name)', 'lower(matched.job_pattern)') }}
    where matched.method = 'workflow'
    union all
    select distinct
        matched.deployment_key,
        matched.service_id,
        attempts.attempt_number,
        attempts.run_key as step_key,
        attempts.conclusion,
        attempts.started_at,
        attempts.completed_at
    from matched
    inner join attempts on matched.deployment_key = attempts.run_key
    where matched.method = 'workflow' and matched.job_pattern is null

),

failures as (

    select
        attempts.run_key,
        attempts.attempt_number,
        coalesce(max(jobs.completed_at), any_value(attempts.completed_at)) as failed_at
    from attempts
    left join jobs
        on
            attempts.run_key = jobs.run_key
            and attempts.attempt_number = jobs.attempt_number
            and jobs.conclusion in {{ failing }}
    where attempts.conclusion in {{ failing }} or jobs.job_key is not null
    group by attempts.run_key, attempts.attempt_number

),

attempt_results as (

    select
        steps.deployment_key,
        steps.service_id,
        steps.attempt_number,
        case
            when bool_or(steps.conclusion is null) then 'unfinished'
            when bool_or(steps.conclusion in ('failure', 'timed_out') and steps.started_at is not null) then 'failure'
            when bool_or(steps.conclusion = 'success') and bool_or(steps.conclusion = 'cancelled') then 'failure'
            when bool_or(steps.conclusion = 'success') then 'success'
            when bool_or(failures.run_key is not null) then 'aborted'
            else 'cancelled'
        end as outcome,
        max(case when steps.conclusion = 'success' then steps.completed_at end) as succeeded_at,
        max(case when steps.conclusion in ('failure', 'timed_out', 'cancelled') then steps.completed_at end)
            as broke_off_at,
        max(failures.failed_at) as failed_at
    from steps
    left join failures
        on
            steps.deployment_key = failures.run_key
            and steps.attempt_number = failures.attempt_number
    group by steps.deployment_key, steps.service_id, steps.attempt_number

),

run_results as (

    select
        deployment_key,
        service_id,
        case
            when bool_or(outcome = 'success') then 'success'
            when bool_or(outcome = 'failure') then 'failure'
            when bool_or(outcome = 'unfinished') then 'unfinished'
            when bool_or(outcome = 'aborted') then 'aborted'
            else 'cancelled'
        end as outcome,
        min(case when outcome = 'success' then succeeded_at end) as deployed_at,
        max_by(outcome, attempt_number) filter (where outcome in ('success', 'failure')) = 'failure' as is_broken,
        max(case when outcome = 'failure' then broke_off_at end) as broke_off_at,
        max(case when outcome = 'aborted' then failed_at end) as aborted_at
    from attempt_results
    group by deployment_key, service_id

),

-- a version that was published or tagged again is one deployment, the first
versions as (

    select
        *,
        row_number() over (
            partition by
                method,
                repository_key,
                service_id,
                case method when 'release' then tag_name when 'tag' then commit_oid else deployment_key end
            order by deployed_at, deployment_key
        ) as publication
    from matched
    where method != 'workflow'

),

found as (

    select distinct
        matched.method,
        matched.deployment_key,
        matched.repository_key,
        matched.connection,
        matched.service_id,
        matched.commit_oid,
        matched.deployment_id,
        matched.page,
        coalesce(lower(matched.workflow_name) like '%rollback%', false) as is_reported_rollback,
        results.outcome,
        results.outcome in ('failure', 'aborted') or coalesce(results.is_broken, false) as is_failed,
        matched.time_zone,
        matched.created_at,
        results.deployed_at,
        case
            when results.outcome = 'aborted' then results.aborted_at
            when results.outcome = 'failure' or results.is_broken then results.broke_off_at
        end as failed_at
    from matched
    inner join run_results as results
        on
            matched.deployment_key = results.deployment_key
            and matched.service_id is not distinct from results.service_id
    where matched.method = 'workflow'
    union all
    select
        method,
        deployment_key,
        repository_key,
        connection,
        service_id,
        commit_oid,
        deployment_id,
        page,
        false as is_reported_rollback,
        'success' as outcome,
        false as is_failed,
        time_zone,
        created_at,
        deployed_at,
        null as failed_at
    from versions
    where publication = 1

)

select
    found.deployment_key || coalesce('/' || found.service_id, '') as service_deployment_key,
    found.deployment_key,
    found.deployment_id,
    found.repository_key,
    found.connection,
    found.service_id,
    found.method,
    found.commit_oid,
    repositories.web_url || found.page as source_url,
    found.outcome,
    found.is_failed,
    found.is_reported_rollback,
    found.created_at,
    found.deployed_at,
    found.failed_at,
    coalesce(found.deployed_at, found.failed_at, found.created_at) as occurred_at,
    {{ local_date('coalesce(found.deployed_at, found.failed_at, found.created_at)', 'found.time_zone') }}
        as deployed_date
from found
left join {{ ref('int_repositories') }} as repositories on found.repository_key = repositories.repository_key
