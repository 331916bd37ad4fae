with stays as (

    select
        intervals.item_key,
        intervals.flow_state,
        types.item_level,
        types.flow_item_type,
        teams.team_id,
        teams.value_stream_id,
        teams.weight,
        greatest(intervals.valid_from, types.valid_from, teams.valid_from) as valid_from,
        least(intervals.valid_to, types.valid_to, teams.valid_to) as valid_to
    from {{ ref('int_work_item_state_intervals') }} as intervals
    inner join {{ ref('int_work_item_types') }} as types
        on
            intervals.item_key = types.item_key
            and intervals.valid_from < types.valid_to
            and intervals.valid_to > types.valid_from
    -- a profile has a team at any time; an inner join would let the planner cross all stays with all teams first
    left join {{ ref('int_work_profile_teams') }} as teams
        on
            types.profile_key = teams.profile_key
            and greatest(intervals.valid_from, types.valid_from) < teams.valid_to
            and least(intervals.valid_to, types.valid_to) > teams.valid_from
    where intervals.flow_state in ('active', 'waiting') and types.item_level in ('flow_item', 'initiative')

),

changes as (

    select
        {{ local_date('stays.valid_from', 'settings.time_zone') }} as date_day,
        stays.flow_state,
        stays.item_level,
        stays.flow_item_type,
        stays.team_id,
        stays.value_stream_id,
        stays.weight as change
    from stays
    cross join {{ ref('int_settings') }} as settings
    union all
    select
        {{ local_date('stays.valid_to', 'settings.time_zone') }} as date_day,
        stays.flow_state,
        stays.item_level,
        stays.flow_item_type,
        stays.team_id,
        stays.value_stream_id,
        -stays.weight as change
    from stays
    cross join {{ ref('int_settings') }} as settings
    where stays.valid_to <= settings.as_of

),

first_days as (

    select min(date_day) as first_day
    from {{ ref('int_days') }}

),

daily_changes as (

    select
        greatest(changes.date_day, first_days.first_day) as date_day,
        changes.flow_state,
        changes.item_level,
        changes.flow_item_type,
        changes.team_id,
        changes.value_stream_id,
        sum(changes.change) as change
    from changes
    cross join first_days
    group by all

),

places as (

    select distinct
        flow_state,
        item_level,
        flow_item_type,
        team_id,
        value_stream_id
    from daily_changes

)

select
    days.date_day,
    places.flow_state,
    places.item_level,
    places.flow_item_type,
    places.team_id,
    places.value_stream_id,
    sum(coalesce(daily_changes.change, 0)) over (
        partition by
            places.flow_state, places.item_level, places.flow_item_type, places.team_id, places.value_stream_id
        order by days.date_day
    ) as items
from places
cross join {{ ref('int_days') }} as days
left join daily_changes
    on
        days.date_day = daily_changes.date_day
        and places.flow_state = daily_changes.flow_state
        and places.item_level = daily_changes.item_level
        and places.flow_item_type is not distinct from daily_changes.flow_item_type
        and places.team_id = daily_changes.team_id
        and places.value_stream_id is not distinct from daily_changes.value_stream_id
