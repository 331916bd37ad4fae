{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with located as (

    select
        intervals.item_key,
        intervals.flow_state,
        intervals.stage,
        intervals.previous_flow_state,
        intervals.previous_stage,
        intervals.is_entry and intervals.valid_from >= types.valid_from as is_entry,
        types.item_level,
        types.flow_item_type,
        types.profile_key,
        intervals.valid_from as entered_at,
        greatest(intervals.valid_from, types.valid_from) as valid_from,
        least(intervals.valid_to, types.valid_to) as valid_to
    from {{ ref('int_work_item_state_intervals') }} as intervals
    inner join {{ ref('int_work_item_types') }} as types
        on
            intervals.item_key = types.item_key
            and intervals.valid_from < types.valid_to
            and intervals.valid_to > types.valid_from
    where types.item_level in ('flow_item', 'initiative') and {{ of_affected_items('intervals.item_key') }}

),

assigned as (

    select
        located.item_key,
        located.flow_state,
        located.stage,
        located.previous_flow_state,
        located.previous_stage,
        located.is_entry and greatest(located.valid_from, teams.valid_from) = located.entered_at as is_entry,
        located.item_level,
        located.flow_item_type,
        teams.team_id,
        teams.value_stream_id,
        teams.weight,
        greatest(located.valid_from, teams.valid_from) as valid_from,
        least(located.valid_to, teams.valid_to) as valid_to
    from located
    -- a profile has a team at any time; an inner join would let the planner cross all stays with all teams first
    left join {{ ref('int_work_profile_teams') }} as teams
        on
            located.profile_key = teams.profile_key
            and located.valid_from < teams.valid_to
            and located.valid_to > teams.valid_from

),

dated as (

    select
        assigned.item_key,
        assigned.item_level,
        assigned.flow_item_type,
        assigned.flow_state,
        assigned.stage,
        assigned.team_id,
        assigned.value_stream_id,
        assigned.weight,
        -- a re-entry never counts twice in the cumulative flow
        assigned.is_entry and assigned.valid_from = case assigned.flow_state
            when 'new' then facts.first_new_at
            when 'waiting' then facts.first_waiting_at
            when 'active' then facts.first_active_at
            when 'done' then facts.done_at
            when 'cancelled' then facts.first_cancelled_at
        end as is_first_entry,
        assigned.is_entry and assigned.flow_state in ('active', 'waiting')
        and (
            coalesce(assigned.previous_flow_state, '') not in ('active', 'waiting')
            or assigned.previous_stage is distinct from assigned.stage
        ) as is_stage_entry,
        case
            when
                assigned.is_entry and assigned.previous_flow_state in ('active', 'waiting')
                and (
                    assigned.flow_state not in ('active', 'waiting')
                    or assigned.previous_stage is distinct from assigned.stage
                )
                then assigned.previous_stage
        end as left_stage,
        assigned.valid_from,
        assigned.valid_to,
        {{ local_date('assigned.valid_from', 'settings.time_zone') }} as first_date,
        case
            when assigned.valid_to < {{ forever() }} then {{ local_date('assigned.valid_to', 'settings.time_zone') }}
            else date '9999-12-31'
        end as end_date
    from assigned
    cross join {{ ref('int_settings') }} as settings
    left join {{ ref('int_work_item_facts') }} as facts on assigned.item_key = facts.item_key

)

-- two numbers in place of seven names: what this model costs is the writing of them
select
    item_key,
    {{ row_hash(['flow_state', 'stage', 'left_stage']) }} as state_key,
    {{ row_hash(['item_level', 'flow_item_type', 'team_id', 'value_stream_id']) }} as home_key,
    weight,
    is_first_entry,
    is_stage_entry,
    valid_from,
    valid_to,
    first_date,
    end_date,
    {{ period_index('week', 'first_date') }} < {{ period_index('week', 'end_date') }}
    or {{ period_index('month', 'first_date') }} < {{ period_index('month', 'end_date') }}
    or {{ period_index('quarter', 'first_date') }} < {{ period_index('quarter', 'end_date') }} as spans_period_end
from dated
