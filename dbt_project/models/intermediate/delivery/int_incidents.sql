with incidents as (

    select
        incidents.incident_key,
        incidents.connection,
        incidents.incident_id,
        cast(null as {{ text_type() }}) as service_id,
        lower(services.service_id) as tool_service_id,
        lower(incidents.service_name) as tool_service_name,
        incidents.priority_name as severity,
        incidents.urgency,
        incidents.source_url,
        cast(null as {{ text_type() }}) as caused_by_deployment_id,
        -- an incident is merged by resolving it
        case when incidents.last_resolved_at <= settings.as_of then incidents.merged_into_key end as duplicate_of,
        incidents.created_at as started_at,
        times.acknowledged_at,
        times.escalated_at,
        coalesce(times.resolved_at, incidents.last_resolved_at) as resolved_at,
        coalesce(times.last_resolved_at, incidents.last_resolved_at) as last_resolved_at,
        times.reopened_times
    from {{ ref('stg_pagerduty__incidents') }} as incidents
    cross join {{ ref('int_settings') }} as settings
    left join {{ ref('stg_pagerduty__services') }} as services on incidents.service_key = services.service_key
    left join {{ ref('stg_pagerduty__incident_times') }} as times on incidents.incident_key = times.incident_key
    where coalesce(incidents.deleted_at > settings.as_of, true)
    union all
    select
        incident_key,
        connection,
        incident_id,
        service_id,
        null as tool_service_id,
        null as tool_service_name,
        severity,
        null as urgency,
        source_url,
        caused_by_deployment_id,
        duplicate_of_id as duplicate_of,
        started_at,
        acknowledged_at,
        escalated_at,
        resolved_at,
        coalesce(last_resolved_at, resolved_at) as last_resolved_at,
        reopened_times
    from {{ ref('stg_inbox__incidents') }}
    union all
    select
        incident_key,
        connection,
        incident_id,
        service_id,
        null as tool_service_id,
        null as tool_service_name,
        severity,
        null as urgency,
        source_url,
        null as caused_by_deployment_id,
        null as duplicate_of,
        started_at,
        null as acknowledged_at,
        null as escalated_at,
        resolved_at,
        last_resolved_at,
        reopened_times
    from {{ ref('int_tracker_incidents') }}

),

reopenings as (

    select
        times.incident_key,
        count(*) as reopened_count,
        max(times.reopened_at) as last_reopened_at
    from (
        select
            incident_key,
            {{ explode('reopened_times') }} as reopened_at
        from incidents
    ) as times
    cross join {{ ref('int_settings') }} as settings
    where times.reopened_at <= settings.as_of
    group by times.incident_key

),

-- as they stood at the run: what came later had not happened
visible as (

    select
        incidents.incident_key,
        incidents.connection,
        incidents.incident_id,
        incidents.service_id,
        incidents.tool_service_id,
        incidents.tool_service_name,
        incidents.severity,
        incidents.urgency,
        incidents.source_url,
        incidents.caused_by_deployment_id,
        incidents.duplicate_of,
        coalesce(reopenings.reopened_count, 0) as reopened_count,
        incidents.started_at,
        case when incidents.acknowledged_at <= settings.as_of then incidents.acknowledged_at end as acknowledged_at,
        case when incidents.escalated_at <= settings.as_of then incidents.escalated_at end as escalated_at,
        case when incidents.resolved_at <= settings.as_of then incidents.resolved_at end as resolved_at,
        case when incidents.last_resolved_at <= settings.as_of then incidents.last_resolved_at end
            as last_resolved_at,
        reopenings.last_reopened_at,
        {{ local_date('incidents.started_at', 'settings.time_zone') }} as started_date
    from incidents
    cross join {{ ref('int_settings') }} as settings
    left join reopenings on incidents.incident_key = reopenings.incident_key
    where incidents.started_at <= settings.as_of

),

placed as (

    select
        visible.incident_key,
        known.service_id,
        coalesce(severities.is_incident, true) as is_severe
    from visible
    left join {{ ref('stg_organization__incident_services') }} as services
        on
            (services.connection is null or visible.connection = services.connection)
            and lower(services.tool_service) in (visible.tool_service_id, visible.tool_service_name)
            and {{ in_force('services', 'visible.started_date') }}
    left join {{ ref('stg_organization__services') }} as known
        on
            coalesce(visible.service_id, services.service_id) = known.service_id
            and {{ in_force('known', 'visible.started_date') }}
    left join {{ ref('stg_organization__incident_severities') }} as severities
        on
            (severities.connection is null or visible.connection = severities.connection)
            and lower(visible.severity) = lower(severities.severity)
            and {{ in_force('severities', 'visible.started_date') }}
    qualify
        row_number() over (
            partition by visible.incident_key
            order by
                services.connection asc nulls last,
                case when lower(services.tool_service) = visible.tool_service_id then 0 else 1 end asc,
                severities.connection asc nulls last
        ) = 1

),

-- a copy that its tool names; a name of nothing we know is no copy, and of two that name each other one is none
named_copies as (

    select
        copies.incident_key,
        min(originals.incident_key) as duplicate_of_key
    from visible as copies
    inner join visible as originals on copies.duplicate_of in (originals.incident_key, originals.incident_id)
    where
        copies.incident_key > originals.incident_key
        or (
            copies.incident_key < originals.incident_key
            and coalesce(originals.duplicate_of not in (copies.incident_key, copies.incident_id), true)
        )
    group by copies.incident_key

),

-- and one of which another tool knew within the hour before
reports as (

    select
        visible.incident_key,
        visible.connection,
        placed.service_id,
        placed.is_severe,
        visible.started_at
    from visible
    inner join placed on visible.incident_key = placed.incident_key
    left join named_copies on visible.incident_key = named_copies.incident_key
    where named_copies.incident_key is null

),

silent_copies as (

    select
        reports.incident_key,
        min_by(earlier.incident_key, earlier.started_at) as duplicate_of_key
    from reports
    inner join reports as earlier
        on
            reports.service_id = earlier.service_id
            and reports.connection != earlier.connection
            and reports.started_at - interval 1 hour <= earlier.started_at
            and (
                reports.started_at > earlier.started_at
                or (reports.started_at = earlier.started_at and reports.incident_key > earlier.incident_key)
            )
    where earlier.is_severe
    group by reports.incident_key

)

select
    visible.incident_key,
    visible.connection,
    visible.incident_id,
    placed.service_id,
    'service:' || coalesce(placed.service_id, '') as place_key,
    visible.severity,
    visible.urgency,
    visible.source_url,
    visible.caused_by_deployment_id,
    coalesce(named_copies.duplicate_of_key, silent_copies.duplicate_of_key) as duplicate_of_key,
    visible.reopened_count,
    placed.is_severe and named_copies.incident_key is null and silent_copies.incident_key is null as is_counted,
    visible.last_resolved_at is null or coalesce(visible.last_reopened_at > visible.last_resolved_at, false)
        as is_open,
    visible.started_at,
    visible.acknowledged_at,
    visible.escalated_at,
    visible.resolved_at,
    visible.last_resolved_at,
    visible.started_date,
    {{ hours_between('visible.started_at', 'visible.resolved_at') }} as restore_hours
from visible
inner join placed on visible.incident_key = placed.incident_key
left join named_copies on visible.incident_key = named_copies.incident_key
left join silent_copies on visible.incident_key = silent_copies.incident_key
