{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with workflow_pieces as (

    select
        item_key,
        workflow_key,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from (
        select
            item_key,
            workflow_key,
            valid_from,
            valid_to,
            row_number() over (partition by item_key order by valid_from)
            - row_number() over (partition by item_key, workflow_key order by valid_from) as island
        from {{ ref('int_work_item_profiles') }}
        where {{ of_affected_items('item_key') }}
    ) as profiles
    group by item_key, workflow_key, island

),

mapped as (

    select
        intervals.item_key,
        intervals.entry_ordinal,
        intervals.status_id,
        case
            when intervals.is_deletion then 'deleted'
            else coalesce(states.flow_state, 'unmapped')
        end as flow_state,
        case
            when intervals.is_deletion then null
            when states.workflow_key is null then 0
            else states.state_number
        end as state_number,
        coalesce(states.is_blocked, false) as is_blocked,
        greatest(
            intervals.valid_from,
            pieces.valid_from,
            coalesce(states.valid_from, {{ beginning() }})
        ) as valid_from,
        least(
            intervals.valid_to,
            pieces.valid_to,
            coalesce(states.valid_to, {{ forever() }})
        ) as valid_to,
        intervals.valid_from as entered_at
    from {{ ref('int_work_item_status_intervals') }} as intervals
    inner join workflow_pieces as pieces
        on
            intervals.item_key = pieces.item_key
            and intervals.valid_from < pieces.valid_to
            and intervals.valid_to > pieces.valid_from
    left join {{ ref('int_workflow_states') }} as states
        on
            pieces.workflow_key = states.workflow_key
            and intervals.status_id = states.status_id
            and intervals.status_name is not distinct from states.status_name
            and greatest(intervals.valid_from, pieces.valid_from) < states.valid_to
            and least(intervals.valid_to, pieces.valid_to) > states.valid_from
    where {{ of_affected_items('intervals.item_key') }}

),

-- only an item that left Done quickly can hold a misclick
quick_items as (

    select mapped.item_key
    from mapped
    cross join {{ ref('int_settings') }} as settings
    where
        mapped.flow_state = 'done'
        and {{ seconds_between('mapped.valid_from', 'mapped.valid_to') }} < 60 * settings.done_grace_minutes

),

done_runs as (

    select
        mapped.item_key,
        mapped.flow_state,
        mapped.valid_from,
        mapped.valid_to,
        settings.done_grace_minutes,
        lead(mapped.flow_state) over (partition by mapped.item_key order by mapped.valid_from) as next_state,
        row_number() over (partition by mapped.item_key order by mapped.valid_from)
        - row_number() over (partition by mapped.item_key, mapped.flow_state order by mapped.valid_from) as run
    from mapped
    cross join {{ ref('int_settings') }} as settings
    where mapped.item_key in (select quick_items.item_key from quick_items)

),

misclicks as (

    select
        item_key,
        min(valid_from) as valid_from,
        max(valid_to) as valid_to
    from done_runs
    where flow_state = 'done'
    group by item_key, run
    having
        max_by(next_state, valid_from) not in ('done', 'ignore', 'deleted')
        and {{ seconds_between('min(valid_from)', 'max(valid_to)') }} < 60 * any_value(done_grace_minutes)

),

-- what has no meaning of its own (an ignored status, a misclick, a deletion) keeps the one before it
meanings as (

    select
        mapped.item_key,
        mapped.status_id,
        mapped.valid_from,
        mapped.valid_to,
        mapped.is_blocked,
        mapped.valid_from = mapped.entered_at as is_entry,
        mapped.flow_state = 'deleted' as is_deletion,
        case when misclicks.item_key is null then mapped.state_number end as state_number,
        mapped.valid_from = mapped.entered_at and mapped.flow_state = 'done' and misclicks.item_key is null
            as is_done_entry
    from mapped
    left join misclicks
        on
            mapped.item_key = misclicks.item_key
            and mapped.valid_from >= misclicks.valid_from
            and mapped.valid_from < misclicks.valid_to

),

-- one window for all, and numbers in place of names in it: the sort of the intervals is what this model costs
resolved as (

    select
        item_key,
        status_id,
        valid_from,
        valid_to,
        is_entry,
        is_blocked,
        is_deletion,
        row_number() over items as interval_ordinal,
        last_value(state_number ignore nulls) over until_here as state_number,
        last_value(state_number ignore nulls) over before as previous_state_number,
        coalesce(bool_or(is_done_entry) over until_here, false) as is_after_done
    from meanings
    window
        items as (partition by item_key order by valid_from),
        until_here as (
            partition by item_key
            order by valid_from
            rows between unbounded preceding and current row
        ),
        before as (
            partition by item_key
            order by valid_from
            rows between unbounded preceding and 1 preceding
        )

),

states as (

    select
        state_number,
        any_value(flow_state) as flow_state,
        any_value(stage) as stage,
        any_value(stage_order) as stage_order
    from {{ ref('int_workflow_states') }}
    where state_number is not null
    group by state_number

)

select
    resolved.item_key,
    resolved.interval_ordinal,
    resolved.status_id,
    case
        when resolved.is_deletion and coalesce(states.flow_state, '') not in ('done', 'cancelled') then 'cancelled'
        when resolved.state_number is null then 'new'
        else states.flow_state
    end as flow_state,
    case
        when resolved.interval_ordinal = 1 then null
        when resolved.previous_state_number is null then 'new'
        else previous_states.flow_state
    end as previous_flow_state,
    states.stage,
    states.stage_order,
    previous_states.stage as previous_stage,
    previous_states.stage_order as previous_stage_order,
    resolved.is_entry,
    resolved.is_after_done,
    resolved.is_blocked,
    resolved.valid_from,
    resolved.valid_to
from resolved
left join states on resolved.state_number = states.state_number
left join states as previous_states on resolved.previous_state_number = previous_states.state_number
