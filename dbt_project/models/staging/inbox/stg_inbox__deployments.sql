{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='deployment_key',
    on_schema_change='fail',
    pre_hook="{{ delete_outdated(source('inbox', 'deployments'), 'deployment_key') }}"
) }}

with source as (

    select * from {{ source('inbox', 'deployments') }} as raw
    {{ newly_loaded(source('inbox', 'deployments'), 'deployment_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        updated_at,
        {{ json_parse('payload', '{
            "service": "VARCHAR",
            "environment": "VARCHAR",
            "repository": "VARCHAR",
            "sha": "VARCHAR",
            "shas": ["VARCHAR"],
            "ref": "VARCHAR",
            "started_at": "TIMESTAMP",
            "finished_at": "TIMESTAMP",
            "rolled_back_at": "TIMESTAMP",
            "status": "VARCHAR",
            "is_rollback": "BOOLEAN",
            "repairs_deployment_id": "VARCHAR",
            "repairs_incident_id": "VARCHAR",
            "url": "VARCHAR",
            "deleted": "BOOLEAN"
        }') }} as record
    from source

)

select
    connection || ':' || id as deployment_key,
    connection,
    id as deployment_id,
    record.service as service_id,
    record.environment,
    record.repository,
    record.sha as commit_oid,
    record.ref as ref_name,
    record.status,
    record.repairs_deployment_id,
    record.repairs_incident_id,
    record.url as source_url,
    coalesce(record.is_rollback, false) as is_rollback,
    record.started_at,
    record.finished_at,
    record.rolled_back_at,
    record.shas as commit_oids,
    updated_at,
    load_id
from parsed
where not coalesce(record.deleted, false)
