{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='finding_key',
    on_schema_change='fail',
    pre_hook="{{ delete_outdated(source('inbox', 'security_findings'), 'finding_key') }}"
) }}

with source as (

    select * from {{ source('inbox', 'security_findings') }} as raw
    {{ newly_loaded(source('inbox', 'security_findings'), 'finding_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        updated_at,
        {{ json_parse('payload', '{
            "service": "VARCHAR",
            "repository": "VARCHAR",
            "scanner": "VARCHAR",
            "advisory": "VARCHAR",
            "severity": "VARCHAR",
            "state": "VARCHAR",
            "opened_at": "TIMESTAMP",
            "closed_at": "TIMESTAMP",
            "reopened_at": ["TIMESTAMP"],
            "url": "VARCHAR",
            "deleted": "BOOLEAN"
        }') }} as record
    from source

)

select
    connection || ':' || id as finding_key,
    connection,
    id as finding_id,
    record.service as service_id,
    record.repository,
    record.scanner,
    record.advisory,
    record.severity,
    record.state,
    record.url as source_url,
    record.opened_at,
    case when record.state != 'open' then record.closed_at end as closed_at,
    record.reopened_at as reopened_times,
    updated_at,
    load_id
from parsed
where not coalesce(record.deleted, false)
