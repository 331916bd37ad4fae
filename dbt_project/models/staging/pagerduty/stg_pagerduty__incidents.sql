{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='incident_key',
    on_schema_change='fail',
    pre_hook="{{ delete_outdated(source('pagerduty', 'incidents'), 'incident_key') }}"
) }}

with source as (

    select * from {{ source('pagerduty', 'incidents') }} as raw
    {{ newly_loaded(source('pagerduty', 'incidents'), 'incident_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "incident_number": "BIGINT",
            "title": "VARCHAR",
            "html_url": "VARCHAR",
            "status": "VARCHAR",
            "urgency": "VARCHAR",
            "service": {"id": "VARCHAR", "summary": "VARCHAR"},
            "priority": {"id": "VARCHAR", "summary": "VARCHAR"},
            "resolve_reason": {"type": "VARCHAR", "incident": {"id": "VARCHAR"}},
            "created_at": "VARCHAR",
            "updated_at": "VARCHAR",
            "last_status_change_at": "VARCHAR",
            "resolved_at": "VARCHAR",
            "absent_since": "VARCHAR",
            "absent_confirmed_at": "VARCHAR"
        }') }} as incident
    from source

)

select
    connection || ':' || id as incident_key,
    connection || ':' || incident.service.id as service_key,
    connection,
    id as incident_id,
    incident.title,
    incident.html_url as source_url,
    incident.service.summary as service_name,
    incident.status,
    incident.urgency,
    incident.priority.id as priority_id,
    incident.priority.summary as priority_name,
    connection || ':' || incident.resolve_reason.incident.id as merged_into_key,
    incident.incident_number as number,
    {{ parse_utc('incident.created_at') }} as created_at,
    coalesce({{ parse_utc('incident.updated_at') }}, {{ parse_utc('incident.last_status_change_at') }}) as updated_at,
    coalesce(
        {{ parse_utc('incident.resolved_at') }},
        case when incident.status = 'resolved' then {{ parse_utc('incident.last_status_change_at') }} end
    ) as last_resolved_at,
    case when incident.absent_confirmed_at is not null then {{ parse_utc('incident.absent_since') }} end as deleted_at,
    load_id
from parsed
where incident.created_at is not null
