with scopes as (

    select
        incidents.incident_key,
        coalesce(teams.is_small, false) as is_of_small_team,
        coalesce(teams.scope_id, 'unassigned') as team_id,
        scopes.value_stream_id
    from {{ ref('int_incidents') }} as incidents
    inner join {{ ref('int_place_scopes') }} as scopes
        on
            incidents.place_key = scopes.place_key
            and {{ in_force('scopes', 'incidents.started_date') }}
    left join {{ ref('int_team_period_scopes') }} as teams
        on
            scopes.team_id = teams.team_id
            and teams.period_grain = 'quarter'
            and teams.period_start = cast(date_trunc('quarter', incidents.started_date) as date)
    qualify
        row_number() over (
            partition by incidents.incident_key
            order by scopes.weight desc, scopes.value_stream_id asc
        ) = 1

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
