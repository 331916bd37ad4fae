with daily_changes as (

    select
        -- what was before the first day is a change of the first day
        greatest(changes.date_day, first_days.first_day) as date_day,
        states.flow_state,
        changes.home_key,
        sum(changes.entered) - sum(changes.gone) as change,
        sum(changes.first_entries) as first_entries
    from {{ ref('int_flow_daily_changes') }} as changes
    cross join (select min(date_day) as first_day from {{ ref('int_days') }}) as first_days
    inner join {{ ref('int_stay_states') }} as states on changes.state_key = states.state_key
    where states.flow_state is not null
    group by all

),

places as (

    select
        flow_state,
        home_key,
        min(date_day) as first_day
    from daily_changes
    group by all

),

stocks as (

    select
        days.date_day,
        places.flow_state,
        places.home_key,
        sum(coalesce(daily_changes.change, 0)) over (
            partition by places.flow_state, places.home_key
            order by days.date_day
        ) as items,
        coalesce(daily_changes.first_entries, 0) as first_entries
    from places
    inner join {{ ref('int_days') }} as days on places.first_day <= days.date_day
    left join daily_changes
        on
            days.date_day = daily_changes.date_day
            and places.flow_state = daily_changes.flow_state
            and places.home_key = daily_changes.home_key

)

select
    stocks.date_day,
    stocks.flow_state,
    homes.item_level,
    homes.flow_item_type,
    homes.team_id,
    homes.value_stream_id,
    stocks.items,
    stocks.first_entries
from stocks
inner join {{ ref('int_stay_homes') }} as homes
    on
        stocks.home_key = homes.home_key
        and homes.flow_item_type is not null
