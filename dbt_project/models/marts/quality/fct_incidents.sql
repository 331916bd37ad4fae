with scopes as (

    {{ delivery_homes(ref('int_incidents'), 'incident_key', 'started_date') }}

)

select
    incidents.incident_key,
    incidents.connection,
    case when not coalesce(scopes.is_of_small_team, false) then incidents.service_id end as service_id,
    coalesce(scopes.team_id, 'unassigned') as team_id,
    coalesce(scopes.value_stream_id, 'unassigned') as value_stream_id,
    incidents.severity,
    incidents.urgency,
    case when not coalesce(scopes.is_of_small_team, false) then incidents.source_url end as source_url,
    incidents.duplicate_of_key,
    deployments.deployment_key as failed_deployment_key,
    causes.method as failure_method,
    cast(incidents.reopened_count as bigint) as reopened_count,
    cast(incidents.restore_hours as double) as restore_hours,
    case
        when incidents.is_open
            then cast({{ seconds_between('incidents.started_at', 'settings.as_of') }} / 3600.0 as double)
    end as open_hours,
    incidents.is_counted,
    incidents.is_open,
    incidents.started_at,
    incidents.acknowledged_at,
    incidents.escalated_at,
    incidents.resolved_at,
    incidents.last_resolved_at
from {{ ref('int_incidents') }} as incidents
cross join {{ ref('int_settings') }} as settings
left join scopes on incidents.incident_key = scopes.incident_key
left join {{ ref('int_incident_deployments') }} as causes on incidents.incident_key = causes.incident_key
left join {{ ref('int_deployments') }} as deployments
    on causes.service_deployment_key = deployments.service_deployment_key
