{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with milestones as (

    select
        item_key,
        min(valid_from) as created_at,
        min(valid_from) filter (where is_entry and flow_state = 'new') as first_new_at,
        min(valid_from) filter (where is_entry and flow_state = 'waiting') as first_waiting_at,
        min(valid_from) filter (where is_entry and flow_state = 'active') as first_active_at,
        min(valid_from) filter (where is_entry and flow_state = 'done') as done_at,
        min(valid_from) filter (where is_entry and flow_state = 'cancelled') as first_cancelled_at,
        max(valid_from) filter (
            where is_entry and flow_state = 'done' and previous_flow_state is distinct from 'done'
        ) as last_done_at,
        min(valid_from) filter (
            where is_entry and previous_flow_state = 'done' and flow_state in ('new', 'waiting', 'active')
        ) as reopened_at,
        count(*) filter (
            where is_entry and previous_flow_state = 'done' and flow_state in ('new', 'waiting', 'active')
        ) as reopened_count,
        max(valid_from) filter (
            where is_entry and flow_state = 'cancelled' and previous_flow_state is distinct from 'cancelled'
        ) as last_cancelled_at,
        min(valid_from) filter (where flow_state is null) as first_unmapped_at,
        max_by(flow_state, interval_ordinal) as flow_state,
        max_by(status_id, interval_ordinal) as status_id,
        max_by(stage, interval_ordinal) as stage,
        max(valid_from) as state_since,
        max(valid_to) as ended_at,
        -- an open stay has no length yet: what reads open items adds it, so that these facts do not change every night
        sum({{ microseconds_between('valid_from', 'valid_to') }}) filter (
            where not is_after_done and flow_state = 'active' and valid_to < {{ forever() }}
        ) / 1000000.0 as active_seconds,
        sum({{ microseconds_between('valid_from', 'valid_to') }}) filter (
            where not is_after_done and flow_state = 'waiting' and valid_to < {{ forever() }}
        ) / 1000000.0 as waiting_seconds,
        max(valid_from) filter (
            where is_entry and not is_after_done and stage_order < previous_stage_order
        ) as last_backflow_at,
        sum({{ row_hash(['flow_state', 'stage', 'stage_order', 'valid_from', 'valid_to']) }}) filter (
            where not is_after_done
        ) as stages_hash
    from {{ ref('int_work_item_state_intervals') }}
    where {{ of_affected_items('item_key') }}
    group by item_key

),

started as (

    select
        milestones.*,
        least(
            coalesce(first_active_at, first_waiting_at), coalesce(first_waiting_at, first_active_at)
        ) as first_open_at
    from milestones

),

dated as (

    select
        started.*,
        case when started.done_at is null or started.first_open_at < started.done_at then started.first_open_at end
            as started_at,
        case when started.flow_state = 'cancelled' then started.last_cancelled_at end as cancelled_at,
        {{ local_date('started.created_at', 'settings.time_zone') }} as created_date,
        {{ local_date('started.first_open_at', 'settings.time_zone') }} as first_open_date,
        {{ local_date('started.done_at', 'settings.time_zone') }} as done_date
    from started
    cross join {{ ref('int_settings') }} as settings

),

blocked as (

    select
        blocks.item_key,
        sum(
            {{ microseconds_between(
                'greatest(blocks.valid_from, dated.started_at)', 'least(blocks.valid_to, dated.done_at)'
            ) }}
        ) / 1000000.0 as blocked_seconds
    from {{ ref('int_work_item_blocks') }} as blocks
    inner join dated
        on
            blocks.item_key = dated.item_key
            and blocks.valid_from < dated.done_at
            and blocks.valid_to > dated.started_at
    group by blocks.item_key

)

select
    dated.item_key,
    dated.created_at,
    dated.started_at,
    dated.done_at,
    dated.last_done_at,
    dated.reopened_at,
    dated.cancelled_at,
    dated.first_new_at,
    dated.first_waiting_at,
    dated.first_active_at,
    dated.first_cancelled_at,
    dated.first_unmapped_at,
    dated.flow_state,
    dated.stage,
    dated.status_id,
    dated.state_since,
    dated.ended_at,
    dated.reopened_count,
    dated.reopened_at is not null as is_reopened,
    coalesce({{ seconds_between('dated.done_at', 'dated.reopened_at') }} <= 30 * 86400, false)
        as is_reopened_within_30_days,
    dated.done_at is not null and dated.started_at is null as is_skipped,
    coalesce(dated.done_at is not null and dated.last_backflow_at > dated.started_at, false) as has_backflow,
    coalesce(dated.active_seconds, 0) as active_seconds,
    coalesce(dated.waiting_seconds, 0) as waiting_seconds,
    case when dated.started_at is not null and dated.done_at is not null then coalesce(blocked.blocked_seconds, 0) end
        as blocked_seconds,
    {{ seconds_between('dated.started_at', 'dated.done_at') }} as flow_seconds,
    {{ seconds_between('dated.created_at', 'dated.done_at') }} as lead_seconds,
    case
        when dated.started_at is not null
            then {{ seconds_between('dated.started_at', 'dated.last_done_at') }}
    end as flow_final_seconds,
    case
        when dated.started_at is not null
            then
                {{ working_seconds_until('dated.done_at', 'done_days') }}
                - {{ working_seconds_until('dated.started_at', 'start_days') }}
    end as flow_working_seconds,
    {{ working_seconds_until('dated.done_at', 'done_days') }}
    - {{ working_seconds_until('dated.created_at', 'creation_days') }} as lead_working_seconds,
    dated.stages_hash
from dated
left join {{ ref('int_working_days') }} as creation_days on dated.created_date = creation_days.date_day
left join {{ ref('int_working_days') }} as start_days on dated.first_open_date = start_days.date_day
left join {{ ref('int_working_days') }} as done_days on dated.done_date = done_days.date_day
left join blocked on dated.item_key = blocked.item_key
