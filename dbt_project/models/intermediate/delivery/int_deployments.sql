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
        deployments.repository_key,
        deployments.connection,
        deployments.environment,
        deployments.commit_oid,
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
        coalesce(results.deployed_at, results.failed_at, deployments.created_at) as occurred_at,
        {{ local_date(
            'coalesce(results.deployed_at, results.failed_at, deployments.created_at)', 'deployments.time_zone'
        ) }} as deployed_date
    from deployments
    left join results on deployments.deployment_key = results.deployment_key

),

services as (

    select distinct
        resolved.deployment_key,
        scopes.service_id
    from resolved
    inner join {{ ref('int_repository_scopes') }} as scopes
        on
            resolved.repository_key = scopes.repository_key
            and {{ in_force('scopes', 'resolved.deployed_date') }}

),

rules as (

    select
        resolved.deployment_key,
        services.service_id,
        rules.environment_pattern,
        rules.service_id is not null as is_own_rule
    from resolved
    left join services on resolved.deployment_key = services.deployment_key
    inner join {{ ref('stg_organization__deployment_rules') }} as rules
        on
            (rules.service_id is null or services.service_id = rules.service_id)
            and {{ in_force('rules', 'resolved.deployed_date') }}
    qualify
        is_own_rule = bool_or(is_own_rule) over (partition by resolved.deployment_key, services.service_id)

),

judged as (

    select
        resolved.deployment_key,
        services.service_id,
        count(rules.environment_pattern) > 0 as has_rule,
        coalesce(
            bool_or({{ matches_glob('lower(resolved.environment)', 'lower(rules.environment_pattern)') }}), false
        ) as is_production
    from resolved
    left join services on resolved.deployment_key = services.deployment_key
    left join rules
        on
            resolved.deployment_key = rules.deployment_key
            and services.service_id is not distinct from rules.service_id
    group by resolved.deployment_key, services.service_id

)

select
    resolved.deployment_key || coalesce('/' || judged.service_id, '') as service_deployment_key,
    resolved.deployment_key,
    resolved.repository_key,
    resolved.connection,
    judged.service_id,
    resolved.environment,
    resolved.commit_oid,
    resolved.outcome,
    commits.position as default_branch_position,
    judged.is_production,
    judged.has_rule,
    resolved.is_failed,
    resolved.created_at,
    resolved.deployed_at,
    resolved.failed_at,
    resolved.occurred_at,
    resolved.deployed_date
from resolved
inner join judged on resolved.deployment_key = judged.deployment_key
left join {{ ref('int_default_branch_commits') }} as commits
    on
        resolved.repository_key = commits.repository_key
        and resolved.commit_oid = commits.oid
