with daily_changes as (

    select
        date_day,
        flow_state,
        item_level,
        flow_item_type,
        team_id,
        value_stream_id,
        sum(change) as change,
        sum(first_entries) as first_entries
    from {{ ref('int_flow_daily_changes') }}
    where flow_state is not null
    group by all

),

places as (

    select
        flow_state,
        item_level,
        flow_item_type,
        team_id,
        value_stream_id,
        min(date_day) as first_day
    from daily_changes
    group by all

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
    ) as items,
    coalesce(daily_changes.first_entries, 0) as first_entries
from places
inner join {{ ref('int_days') }} as days on places.first_day <= days.date_day
left join daily_changes
    on
        days.date_day = daily_changes.date_day
        and places.flow_state = daily_changes.flow_state
        and places.item_level = daily_changes.item_level
        and places.flow_item_type = daily_changes.flow_item_type
        and places.team_id = daily_changes.team_id
        and places.value_stream_id is not distinct from daily_changes.value_stream_id
