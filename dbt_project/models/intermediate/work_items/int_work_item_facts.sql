with milestones as (

    select
        item_key,
        min(valid_from) as created_at,
        min(valid_from) filter (where is_entry and flow_state in ('active', 'waiting')) as first_open_at,
        min(valid_from) filter (where is_entry and flow_state = 'done') as done_at,
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
        max(valid_to) as ended_at
    from {{ ref('int_work_item_state_intervals') }}
    group by item_key

),

dated as (

    select
        milestones.item_key,
        milestones.created_at,
        case
            when milestones.done_at is null or milestones.first_open_at < milestones.done_at
                then milestones.first_open_at
        end as started_at,
        milestones.done_at,
        milestones.last_done_at,
        milestones.reopened_at,
        milestones.reopened_count,
        case when milestones.flow_state = 'cancelled' then milestones.last_cancelled_at end as cancelled_at,
        milestones.first_unmapped_at,
        milestones.flow_state,
        milestones.ended_at,
        least(
            coalesce(
                milestones.done_at, case when milestones.flow_state = 'cancelled' then milestones.last_cancelled_at end
            ),
            milestones.ended_at,
            settings.as_of
        ) as measured_until
    from milestones
    cross join {{ ref('int_settings') }} as settings

),

times as (

    select
        intervals.item_key,
        sum({{ microseconds_between('intervals.valid_from', 'least(intervals.valid_to, dated.measured_until)') }})
        filter (where intervals.flow_state = 'active') / 1000000.0 as active_seconds,
        sum({{ microseconds_between('intervals.valid_from', 'least(intervals.valid_to, dated.measured_until)') }})
        filter (where intervals.flow_state = 'waiting') / 1000000.0 as waiting_seconds
    from {{ ref('int_work_item_state_intervals') }} as intervals
    inner join dated on intervals.item_key = dated.item_key
    where intervals.valid_from < dated.measured_until and intervals.flow_state in ('active', 'waiting')
    group by intervals.item_key

)

select
    dated.item_key,
    dated.created_at,
    dated.started_at,
    dated.done_at,
    dated.last_done_at,
    dated.reopened_at,
    dated.cancelled_at,
    dated.first_unmapped_at,
    dated.flow_state,
    dated.reopened_count,
    dated.reopened_at is not null as is_reopened,
    dated.done_at is not null and dated.started_at is null as is_skipped,
    coalesce(times.active_seconds, 0) as active_seconds,
    coalesce(times.waiting_seconds, 0) as waiting_seconds,
    {{ seconds_between('dated.started_at', 'dated.done_at') }} as flow_seconds,
    {{ seconds_between('dated.created_at', 'dated.done_at') }} as lead_seconds,
    case
        when dated.started_at is not null
            then {{ seconds_between('dated.started_at', 'dated.last_done_at') }}
    end as flow_final_seconds
from dated
left join times on dated.item_key = times.item_key
