with facts as (

    select
        'merge' as fact,
        changes.change_key as fact_key,
        changes.repository_key,
        null as service_id,
        true as is_of_every_service,
        changes.merged_at as occurred_at,
        changes.merged_date as occurred_date,
        changes.change_kind = 'pull_request' as is_pull_request,
        changes.is_reviewed,
        changes.is_revert,
        exists(
            select 1
            from {{ ref('int_change_deployments') }} as shipped
            where shipped.change_key = changes.change_key
        ) as is_deployed,
        null as is_production,
        null as has_rule,
        null as outcome,
        null as coding_hours,
        null as pickup_hours,
        changes.review_hours,
        null as review_turnaround_hours,
        null as change_lead_time_hours,
        null as merge_to_deploy_hours
    from {{ ref('int_changes') }} as changes
    where changes.is_default_branch
    union all
    select
        'coding' as fact,
        changes.change_key as fact_key,
        changes.repository_key,
        null as service_id,
        true as is_of_every_service,
        changes.ready_at as occurred_at,
        {{ local_date('changes.ready_at', 'settings.time_zone') }} as occurred_date,
        true as is_pull_request,
        null as is_reviewed,
        null as is_revert,
        null as is_deployed,
        null as is_production,
        null as has_rule,
        null as outcome,
        changes.coding_hours,
        null as pickup_hours,
        null as review_hours,
        null as review_turnaround_hours,
        null as change_lead_time_hours,
        null as merge_to_deploy_hours
    from {{ ref('int_changes') }} as changes
    cross join {{ ref('int_settings') }} as settings
    where changes.is_default_branch and changes.coding_hours is not null
    union all
    select
        'pickup' as fact,
        changes.change_key as fact_key,
        changes.repository_key,
        null as service_id,
        true as is_of_every_service,
        changes.first_reviewed_at as occurred_at,
        {{ local_date('changes.first_reviewed_at', 'settings.time_zone') }} as occurred_date,
        true as is_pull_request,
        null as is_reviewed,
        null as is_revert,
        null as is_deployed,
        null as is_production,
        null as has_rule,
        null as outcome,
        null as coding_hours,
        changes.pickup_hours,
        null as review_hours,
        null as review_turnaround_hours,
        null as change_lead_time_hours,
        null as merge_to_deploy_hours
    from {{ ref('int_changes') }} as changes
    cross join {{ ref('int_settings') }} as settings
    where changes.is_default_branch and changes.pickup_hours is not null
    union all
    select
        'review' as fact,
        pull_requests.pull_request_key as fact_key,
        pull_requests.repository_key,
        null as service_id,
        true as is_of_every_service,
        pull_requests.first_reviewed_at as occurred_at,
        {{ local_date('pull_requests.first_reviewed_at', 'settings.time_zone') }} as occurred_date,
        true as is_pull_request,
        null as is_reviewed,
        null as is_revert,
        null as is_deployed,
        null as is_production,
        null as has_rule,
        null as outcome,
        null as coding_hours,
        null as pickup_hours,
        null as review_hours,
        pull_requests.review_turnaround_hours,
        null as change_lead_time_hours,
        null as merge_to_deploy_hours
    from {{ ref('int_pull_requests') }} as pull_requests
    cross join {{ ref('int_settings') }} as settings
    where pull_requests.is_default_branch and pull_requests.review_turnaround_hours is not null
    union all
    select
        'shipment' as fact,
        change_key as fact_key,
        repository_key,
        service_id,
        false as is_of_every_service,
        deployed_at as occurred_at,
        deployed_date as occurred_date,
        null as is_pull_request,
        null as is_reviewed,
        null as is_revert,
        true as is_deployed,
        true as is_production,
        null as has_rule,
        null as outcome,
        null as coding_hours,
        null as pickup_hours,
        null as review_hours,
        null as review_turnaround_hours,
        change_lead_time_hours,
        merge_to_deploy_hours
    from {{ ref('int_change_deployments') }}
    union all
    select
        'deployment' as fact,
        deployment_key as fact_key,
        repository_key,
        service_id,
        false as is_of_every_service,
        coalesce(deployed_at, failed_at, created_at) as occurred_at,
        deployed_date as occurred_date,
        null as is_pull_request,
        null as is_reviewed,
        null as is_revert,
        null as is_deployed,
        is_production,
        has_rule,
        outcome,
        null as coding_hours,
        null as pickup_hours,
        null as review_hours,
        null as review_turnaround_hours,
        null as change_lead_time_hours,
        null as merge_to_deploy_hours
    from {{ ref('int_deployments') }}

),

attributed as (

    select
        facts.fact,
        facts.fact_key,
        facts.service_id as fact_service_id,
        facts.occurred_at,
        facts.is_production,
        facts.has_rule,
        periods.period_grain,
        periods.period_start,
        scopes.service_id,
        scopes.value_stream_id,
        scopes.weight,
        coalesce(teams.scope_id, 'unassigned') as team_scope_id
    from facts
    inner join {{ ref('int_repository_scopes') }} as scopes
        on
            facts.repository_key = scopes.repository_key
            and {{ in_force('scopes', 'facts.occurred_date') }}
            and (facts.is_of_every_service or facts.service_id is not distinct from scopes.service_id)
    inner join {{ ref('int_day_periods') }} as periods on facts.occurred_date = periods.date_day
    left join {{ ref('int_team_period_scopes') }} as teams
        on
            scopes.team_id = teams.team_id
            and periods.period_grain = teams.period_grain
            and periods.period_start = teams.period_start

),

scoped as (

    select
        attributed.*,
        'service' as scope_type,
        service_id as scope_id
    from attributed
    where service_id is not null
    union all
    select
        attributed.*,
        'team' as scope_type,
        team_scope_id as scope_id
    from attributed
    union all
    select
        attributed.*,
        'value_stream' as scope_type,
        value_stream_id as scope_id
    from attributed
    union all
    select
        attributed.*,
        'organization' as scope_type,
        'organization' as scope_id
    from attributed

),

-- a change that reaches several services of a scope is shipped by the first
placed as (

    select
        fact,
        fact_key,
        scope_type,
        scope_id,
        period_grain,
        min_by(period_start, occurred_at) as period_start,
        min_by(coalesce(fact_service_id, ''), occurred_at) as first_service_id,
        sum(weight) as weight,
        bool_or(is_production) as is_production,
        bool_and(has_rule) as has_rule
    from scoped
    group by fact, fact_key, scope_type, scope_id, period_grain

)

select
    placed.fact,
    placed.fact_key,
    placed.scope_type,
    placed.scope_id,
    placed.period_grain,
    placed.period_start,
    case when placed.scope_type = 'service' then 1 else placed.weight end as weight,
    facts.is_pull_request,
    facts.is_reviewed,
    facts.is_revert,
    facts.is_deployed,
    placed.is_production,
    placed.has_rule,
    facts.outcome,
    facts.coding_hours,
    facts.pickup_hours,
    facts.review_hours,
    facts.review_turnaround_hours,
    facts.change_lead_time_hours,
    facts.merge_to_deploy_hours,
    facts.occurred_at
from placed
inner join facts
    on
        placed.fact = facts.fact
        and placed.fact_key = facts.fact_key
        and placed.first_service_id = coalesce(facts.service_id, '')
