{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with facts as (

    select
        item_key,
        created_at,
        started_at,
        done_at,
        cancelled_at,
        first_unmapped_at
    from {{ ref('int_work_item_facts') }}
    where {{ of_affected_items('item_key') }}

),

events as (

    select
        item_key,
        'started' as event,
        started_at as event_at
    from facts
    where started_at is not null
    union all
    select
        item_key,
        'done' as event,
        done_at as event_at
    from facts
    where done_at is not null
    union all
    select
        item_key,
        'cancelled' as event,
        cancelled_at as event_at
    from facts
    where cancelled_at is not null and done_at is null
    union all
    select
        item_key,
        'unmapped' as event,
        first_unmapped_at as event_at
    from facts
    where first_unmapped_at is not null
    union all
    -- one that turned out to be none was not found
    select
        item_key,
        'found' as event,
        created_at as event_at
    from facts
    where cancelled_at is null or done_at is not null

)

select
    events.item_key,
    events.event,
    events.event_at,
    {{ local_date('events.event_at', 'settings.time_zone') }} as event_date,
    types.profile_key,
    types.workflow_key,
    types.flow_item_type,
    types.item_level
from events
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('int_work_item_types') }} as types
    on
        events.item_key = types.item_key
        and events.event_at >= types.valid_from
        and events.event_at < types.valid_to
left join {{ ref('int_work_item_defects') }} as security_defects
    on
        events.item_key = security_defects.item_key
        and security_defects.kind = 'security'
where
    events.event != 'found'
    or (
        types.item_level = 'flow_item'
        and (types.flow_item_type = 'defect' or security_defects.item_key is not null)
    )
