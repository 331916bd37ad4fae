{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='log_entry_key',
    on_schema_change='fail',
    pre_hook="{{ delete_vanished(source('pagerduty', 'log_entries'), 'log_entry_key') }}"
) }}

with source as (

    select * from {{ source('pagerduty', 'log_entries') }} as raw
    {{ newly_loaded(source('pagerduty', 'log_entries'), 'log_entry_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "type": "VARCHAR",
            "created_at": "VARCHAR",
            "incident": {"id": "VARCHAR"},
            "agent": {"type": "VARCHAR"},
            "channel": {"type": "VARCHAR"}
        }') }} as entry
    from source

)

select
    connection || ':' || id as log_entry_key,
    connection || ':' || entry.incident.id as incident_key,
    connection,
    id as log_entry_id,
    replace(entry.type, '_log_entry', '') as event,
    replace(entry.agent.type, '_reference', '') as agent_type,
    entry.channel.type as channel,
    {{ parse_utc('entry.created_at') }} as created_at,
    load_id
from parsed
