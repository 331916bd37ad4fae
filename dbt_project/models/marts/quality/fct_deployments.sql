with scopes as (

    {{ delivery_homes(ref('int_deployments'), 'service_deployment_key', 'deployed_date') }}

),

shipments as (

    select
        deployment_key,
        service_id,
        count(*) as changes_count
    from {{ ref('int_change_deployments') }}
    group by deployment_key, service_id

)

select
    case
        when scopes.is_of_small_team
            then
                deployments.deployment_key || '/small_teams/' || row_number()
                    over (
                        partition by deployments.deployment_key, coalesce(scopes.is_of_small_team, false)
                        order by deployments.service_id
                    )
        else deployments.service_deployment_key
    end as service_deployment_key,
    deployments.deployment_key,
    deployments.connection,
    repositories.name_with_owner as repository_name,
    case when not coalesce(scopes.is_of_small_team, false) then deployments.service_id end as service_id,
    coalesce(scopes.team_id, 'unassigned') as team_id,
    coalesce(scopes.value_stream_id, 'unassigned') as value_stream_id,
    deployments.environment,
    deployments.rule_method,
    deployments.outcome,
    verdicts.method as failure_method,
    verdicts.confidence as failure_confidence,
    coalesce(deployments.source_url, repositories.web_url || '/commit/' || deployments.commit_oid) as source_url,
    cast(coalesce(shipments.changes_count, 0) as bigint) as changes_count,
    cast(verdicts.recovery_hours as double) as recovery_hours,
    coalesce(verdicts.has_failed, false) as is_failed,
    coalesce(verdicts.is_explicit, false) as is_explicitly_failed,
    coalesce(verdicts.is_rework, false) as is_rework,
    coalesce(verdicts.is_immature, false) as is_immature,
    deployments.created_at,
    deployments.deployed_at,
    deployments.failed_at,
    verdicts.recovered_at
from {{ ref('int_deployments') }} as deployments
left join scopes on deployments.service_deployment_key = scopes.service_deployment_key
left join shipments
    on
        deployments.deployment_key = shipments.deployment_key
        and deployments.service_id is not distinct from shipments.service_id
left join {{ ref('int_deployment_verdicts') }} as verdicts
    on deployments.service_deployment_key = verdicts.service_deployment_key
left join {{ ref('int_repositories') }} as repositories on deployments.repository_key = repositories.repository_key
where deployments.is_production
