{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='incident_key',
    on_schema_change='fail',
    pre_hook="{{ delete_outdated(source('inbox', 'incidents'), 'incident_key') }}"
) }}

with source as (

    select * from {{ source('inbox', 'incidents') }} as raw
    {{ newly_loaded(source('inbox', 'incidents'), 'incident_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        updated_at,
        {{ json_parse('payload', '{
            "service": "VARCHAR",
            "severity": "VARCHAR",
            "started_at": "TIMESTAMP",
            "acknowledged_at": "TIMESTAMP",
            "escalated_at": "TIMESTAMP",
            "resolved_at": "TIMESTAMP",
            "reopened_at": ["TIMESTAMP"],
            "last_resolved_at": "TIMESTAMP",
            "deployment_id": "VARCHAR",
            "duplicate_of": "VARCHAR",
            "url": "VARCHAR",
            "deleted": "BOOLEAN"
        }') }} as record
    from source

)

select
    connection || ':' || id as incident_key,
    connection,
    id as incident_id,
    record.service as service_id,
    record.severity,
    record.deployment_id as caused_by_deployment_id,
    record.duplicate_of as duplicate_of_id,
    record.url as source_url,
    record.started_at,
    record.acknowledged_at,
    record.escalated_at,
    record.resolved_at,
    record.last_resolved_at,
    record.reopened_at as reopened_times,
    updated_at,
    load_id
from parsed
where not coalesce(record.deleted, false)
