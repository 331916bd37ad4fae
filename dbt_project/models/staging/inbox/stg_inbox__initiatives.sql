{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='item_key',
    on_schema_change='fail',
    pre_hook="{{ delete_outdated(source('inbox', 'initiatives'), 'item_key') }}"
) }}

with source as (

    select * from {{ source('inbox', 'initiatives') }} as raw
    {{ newly_loaded(source('inbox', 'initiatives'), 'item_key') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        updated_at,
        {{ json_parse('payload', '{
            "title": "VARCHAR",
            "url": "VARCHAR",
            "team": "VARCHAR",
            "value_stream": "VARCHAR",
            "type": "VARCHAR",
            "state": "VARCHAR",
            "created_at": "TIMESTAMP",
            "started_at": "TIMESTAMP",
            "done_at": "TIMESTAMP",
            "cancelled_at": "TIMESTAMP",
            "anticipated_outcome": "VARCHAR",
            "actual_outcome": "VARCHAR",
            "verdict": "VARCHAR",
            "outcome_type": "VARCHAR",
            "key_result": "VARCHAR",
            "items": ["VARCHAR"],
            "reviewed_at": "TIMESTAMP",
            "history": [{"field": "VARCHAR", "value": "VARCHAR", "changed_at": "TIMESTAMP"}],
            "deleted": "BOOLEAN"
        }') }} as record
    from source

)

select
    connection || ':' || id as item_key,
    connection,
    id as initiative_id,
    record.title,
    record.url as source_url,
    record.team as team_id,
    record.value_stream as value_stream_id,
    coalesce(record.type, 'feature') as flow_item_type,
    record.state as flow_state,
    record.anticipated_outcome,
    record.actual_outcome,
    record.verdict as outcome_verdict,
    record.outcome_type,
    record.key_result,
    record.items as listed_items,
    record.history as field_history,
    case
        when
            least(record.started_at, record.done_at, record.cancelled_at) < record.created_at
            then 'started, done or cancelled before it was created'
        when least(record.done_at, record.cancelled_at) < record.started_at
            then 'done or cancelled before it was started'
        when record.cancelled_at < record.done_at then 'cancelled before it was done'
        when record.state = 'new' and coalesce(record.started_at, record.done_at, record.cancelled_at) is not null
            then 'new, with a date of a start or an end'
        when record.state in ('active', 'waiting') and coalesce(record.done_at, record.cancelled_at) is not null
            then 'active or waiting, with a date of an end'
        when record.state = 'done' and record.cancelled_at is not null then 'done, with a date of its cancellation'
    end as contradiction,
    record.created_at,
    record.started_at,
    record.done_at,
    record.cancelled_at,
    record.reviewed_at,
    updated_at,
    load_id
from parsed
where not coalesce(record.deleted, false)
