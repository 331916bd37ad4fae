{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with returns as (

    select
        item_key,
        interval_ordinal
    from {{ ref('int_work_item_state_intervals') }}
    where
        is_entry
        and previous_flow_state in ('done', 'cancelled')
        and flow_state in ('new', 'waiting', 'active')
        and {{ of_affected_items('item_key') }}

),

-- only items that came back need their intervals numbered
numbered as (

    select
        intervals.item_key,
        1 as episode_number,
        intervals.flow_state,
        intervals.is_entry,
        intervals.valid_from
    from {{ ref('int_work_item_state_intervals') }} as intervals
    where
        intervals.item_key not in (select returns.item_key from returns)
        and {{ of_affected_items('intervals.item_key') }}
    union all
    select
        intervals.item_key,
        1 + count(returns.item_key) over (
            partition by intervals.item_key
            order by intervals.interval_ordinal
            rows between unbounded preceding and current row
        ) as episode_number,
        intervals.flow_state,
        intervals.is_entry,
        intervals.valid_from
    from {{ ref('int_work_item_state_intervals') }} as intervals
    left join returns
        on
            intervals.item_key = returns.item_key
            and intervals.interval_ordinal = returns.interval_ordinal
    where intervals.item_key in (select comebacks.item_key from returns as comebacks)

)

select
    item_key,
    cast(episode_number as integer) as episode_number,
    min(valid_from) filter (where is_entry and flow_state in ('active', 'waiting')) as started_at,
    min(valid_from) filter (where is_entry and flow_state in ('done', 'cancelled')) as ended_at,
    min_by(flow_state, valid_from) filter (where is_entry and flow_state in ('done', 'cancelled')) as ended_by
from numbered
group by item_key, episode_number
having min(valid_from) filter (where is_entry and flow_state in ('active', 'waiting')) is not null
