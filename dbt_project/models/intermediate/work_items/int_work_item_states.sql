{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with stays as (

    select
        intervals.item_key,
        intervals.status_id,
        intervals.flow_state,
        intervals.stage,
        intervals.stage_order,
        intervals.is_entry,
        intervals.valid_from,
        case
            when intervals.valid_to < {{ forever() }}
                then {{ microseconds_between('intervals.valid_from', 'intervals.valid_to') }}
        end as microseconds,
        facts.done_at is not null and intervals.flow_state in ('active', 'waiting')
        and intervals.valid_from >= facts.started_at as is_of_flow
    from {{ ref('int_work_item_state_intervals') }} as intervals
    inner join {{ ref('int_work_item_facts') }} as facts on intervals.item_key = facts.item_key
    where
        not intervals.is_after_done
        and coalesce(intervals.flow_state, 'unmapped') != 'cancelled'
        and {{ of_affected_items('intervals.item_key') }}

)

select
    item_key,
    status_id,
    flow_state,
    stage,
    count(*) filter (where is_entry) as entries,
    cast(sum(microseconds) as bigint) as microseconds,
    max(valid_from) filter (where microseconds is null) as open_since,
    min(stage_order) filter (where is_of_flow) as flow_stage_order,
    cast(sum(microseconds) filter (where is_of_flow) as bigint) as flow_microseconds
from stays
group by item_key, status_id, flow_state, stage
