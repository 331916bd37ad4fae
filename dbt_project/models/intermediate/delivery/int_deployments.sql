with deployments as (

    select
        deployments.*,
        settings.as_of,
        settings.time_zone
    from {{ ref('stg_github__deployments') }} as deployments
    cross join {{ ref('int_settings') }} as settings
    where deployments.created_at <= settings.as_of

),

statuses as (

    select
        deployment_key,
        status.state,
        status.createdat as occurred_at
    from (
        select
            deployment_key,
            as_of,
            {{ explode('statuses') }} as status
        from deployments
    ) as exploded
    where status.createdat <= as_of

),

results as (

    select
        deployment_key,
        min(occurred_at) filter (where state = 'SUCCESS') as deployed_at,
        max_by(state, occurred_at) filter (where state != 'INACTIVE') as last_state,
        max(occurred_at) filter (where state in ('FAILURE', 'ERROR')) as failed_at,
        coalesce(bool_or(state = 'IN_PROGRESS'), false) as has_begun
    from statuses
    group by deployment_key

),

resolved as (

    select
        deployments.deployment_key,
        deployments.deployment_id,
        deployments.deployment_number,
        deployments.repository_key,
        deployments.connection,
        cast(null as {{ text_type() }}) as reported_service_id,
        deployments.environment,
        deployments.commit_oid,
        cast(null as {{ text_type() }}) as source_url,
        deployments.created_at,
        results.deployed_at,
        case
            when results.deployed_at is not null then 'success'
            when results.last_state in ('FAILURE', 'ERROR') and results.has_begun then 'failure'
            when results.last_state in ('FAILURE', 'ERROR') then 'aborted'
            else 'unfinished'
        end as outcome,
        coalesce(results.last_state in ('FAILURE', 'ERROR'), false) as is_failed,
        case when results.last_state in ('FAILURE', 'ERROR') then results.failed_at end as failed_at,
        coalesce(lower(deployments.task) like '%rollback%', false) as is_reported_rollback,
        cast(null as timestamp) as rolled_back_at,
        cast(null as {{ text_type() }}) as repairs_deployment_id,
        cast(null as {{ text_type() }}) as repairs_incident_id,
        deployments.time_zone
    from deployments
    left join results on deployments.deployment_key = results.deployment_key
    union all
    select
        reported.deployment_key,
        reported.deployment_id,
        cast(null as {{ text_type() }}) as deployment_number,
        repositories.repository_key,
        reported.connection,
        coalesce(reported.service_id, '') as reported_service_id,
        reported.environment,
        reported.commit_oid,
        reported.source_url,
        reported.started_at as created_at,
        case when reported.status in ('success', 'rolled_back') and reported.is_over then reported.finished_at end
            as deployed_at,
        case
            when reported.status in ('cancelled', 'skipped') then 'cancelled'
            when not reported.is_over then 'unfinished'
            when reported.status in ('success', 'rolled_back') then 'success'
            when reported.status = 'failed' then 'failure'
            when reported.status = 'failed_before_users' then 'aborted'
            else 'unfinished'
        end as outcome,
        (reported.status in ('failed', 'failed_before_users') and reported.is_over)
        or (reported.status = 'rolled_back' and coalesce(reported.rolled_back_at <= reported.as_of, true)) as is_failed,
        case
            when reported.status in ('failed', 'failed_before_users') and reported.is_over then reported.finished_at
        end as failed_at,
        reported.is_rollback as is_reported_rollback,
        case
            when reported.status = 'rolled_back' and reported.rolled_back_at <= reported.as_of
                then reported.rolled_back_at
        end as rolled_back_at,
        reported.repairs_deployment_id,
        reported.repairs_incident_id,
        reported.time_zone
    from (
        select
            inbox.*,
            settings.as_of,
            settings.time_zone,
            coalesce(inbox.finished_at <= settings.as_of, false) as is_over
        from {{ ref('stg_inbox__deployments') }} as inbox
        cross join {{ ref('int_settings') }} as settings
        where inbox.started_at <= settings.as_of
    ) as reported
    left join {{ ref('int_repositories') }} as repositories
        on lower(reported.repository) = lower(repositories.name_with_owner)
    qualify
        row_number() over (partition by reported.deployment_key order by repositories.repository_key) = 1

),

placed as (

    select
        *,
        coalesce(deployed_at, failed_at, created_at) as occurred_at,
        {{ local_date('coalesce(deployed_at, failed_at, created_at)', 'time_zone') }} as deployed_date
    from resolved

),

services as (

    select distinct
        placed.deployment_key,
        scopes.service_id
    from placed
    inner join {{ ref('int_repository_scopes') }} as scopes
        on
            placed.repository_key = scopes.place_key
            and {{ in_force('scopes', 'placed.deployed_date') }}
    where placed.reported_service_id is null
    union all
    select
        placed.deployment_key,
        known.service_id
    from placed
    inner join {{ ref('stg_organization__services') }} as known
        on
            placed.reported_service_id = known.service_id
            and {{ in_force('known', 'placed.deployed_date') }}

),

rules as (

    select
        placed.deployment_key,
        services.service_id,
        rules.environment_pattern,
        rules.service_id is not null as is_own_rule
    from placed
    left join services on placed.deployment_key = services.deployment_key
    inner join {{ ref('stg_organization__deployment_rules') }} as rules
        on
            (rules.service_id is null or services.service_id = rules.service_id)
            and {{ in_force('rules', 'placed.deployed_date') }}
    qualify
        is_own_rule = bool_or(is_own_rule) over (partition by placed.deployment_key, services.service_id)

),

judged as (

    select
        placed.deployment_key,
        services.service_id,
        count(rules.deployment_key) > 0 as has_rule,
        coalesce(
            bool_or({{ matches_glob('lower(placed.environment)', 'lower(rules.environment_pattern)') }}), false
        ) as is_production
    from placed
    left join services on placed.deployment_key = services.deployment_key
    left join rules
        on
            placed.deployment_key = rules.deployment_key
            and services.service_id is not distinct from rules.service_id
    group by placed.deployment_key, services.service_id

)

select
    placed.deployment_key || coalesce('/' || judged.service_id, '') as service_deployment_key,
    placed.deployment_key,
    placed.deployment_id,
    placed.deployment_number,
    placed.repository_key,
    coalesce('service:' || judged.service_id, placed.repository_key, 'service:') as place_key,
    placed.connection,
    judged.service_id,
    placed.environment,
    'deployments' as rule_method,
    placed.commit_oid,
    placed.source_url,
    placed.outcome,
    commits.position as default_branch_position,
    judged.is_production,
    judged.has_rule,
    judged.is_production and placed.outcome in ('success', 'failure') as is_counted,
    placed.is_failed,
    placed.is_reported_rollback,
    placed.repairs_deployment_id,
    placed.repairs_incident_id,
    placed.created_at,
    placed.deployed_at,
    placed.failed_at,
    placed.rolled_back_at,
    placed.occurred_at,
    placed.deployed_date
from placed
inner join judged on placed.deployment_key = judged.deployment_key
left join {{ ref('int_default_branch_commits') }} as commits
    on
        placed.repository_key = commits.repository_key
        and placed.commit_oid = commits.oid
union all
select
    inferred.service_deployment_key,
    inferred.deployment_key,
    inferred.deployment_id,
    null as deployment_number,
    inferred.repository_key,
    coalesce('service:' || inferred.service_id, inferred.repository_key) as place_key,
    inferred.connection,
    inferred.service_id,
    null as environment,
    inferred.method as rule_method,
    inferred.commit_oid,
    inferred.source_url,
    inferred.outcome,
    commits.position as default_branch_position,
    true as is_production,
    true as has_rule,
    inferred.outcome in ('success', 'failure') as is_counted,
    inferred.is_failed,
    inferred.is_reported_rollback,
    null as repairs_deployment_id,
    null as repairs_incident_id,
    inferred.created_at,
    inferred.deployed_at,
    inferred.failed_at,
    null as rolled_back_at,
    inferred.occurred_at,
    inferred.deployed_date
from {{ ref('int_inferred_deployments') }} as inferred
left join {{ ref('int_default_branch_commits') }} as commits
    on
        inferred.repository_key = commits.repository_key
        and inferred.commit_oid = commits.oid
