with daily_changes as (

    select
        date_day,
        stage,
        item_level,
        team_id,
        value_stream_id,
        sum(change) as change,
        sum(arrivals) as arrivals,
        sum(departures) as departures
    from {{ ref('int_flow_daily_changes') }}
    where stage != ''
    group by all

),

places as (

    select
        stage,
        item_level,
        team_id,
        value_stream_id,
        min(date_day) as first_day
    from daily_changes
    group by all

),

stocks as (

    select
        days.date_day,
        places.stage,
        places.item_level,
        places.team_id,
        places.value_stream_id,
        sum(coalesce(daily_changes.change, 0)) over (
            partition by places.stage, places.item_level, places.team_id, places.value_stream_id
            order by days.date_day
        ) as items
    from places
    inner join {{ ref('int_days') }} as days on places.first_day <= days.date_day
    left join daily_changes
        on
            days.date_day = daily_changes.date_day
            and places.stage = daily_changes.stage
            and places.item_level = daily_changes.item_level
            and places.team_id = daily_changes.team_id
            and places.value_stream_id is not distinct from daily_changes.value_stream_id

),

last_days as (

    select
        period_grain,
        period_start,
        max(date_day) as date_day
    from {{ ref('int_day_periods') }}
    group by period_grain, period_start

),

numbers as (

    select
        stocks.date_day,
        last_days.period_grain,
        last_days.period_start,
        stocks.stage,
        stocks.item_level,
        stocks.team_id,
        stocks.value_stream_id,
        stocks.items as backlog_items,
        0 as arrivals,
        0 as departures
    from stocks
    inner join last_days on stocks.date_day = last_days.date_day
    union all
    select
        daily_changes.date_day,
        day_periods.period_grain,
        day_periods.period_start,
        daily_changes.stage,
        daily_changes.item_level,
        daily_changes.team_id,
        daily_changes.value_stream_id,
        0 as backlog_items,
        daily_changes.arrivals,
        daily_changes.departures
    from daily_changes
    inner join {{ ref('int_day_periods') }} as day_periods on daily_changes.date_day = day_periods.date_day

),

scoped as (

    select
        'team' as scope_type,
        team_scopes.scope_id,
        numbers.period_grain,
        numbers.period_start,
        numbers.item_level,
        numbers.stage,
        numbers.backlog_items,
        numbers.arrivals,
        numbers.departures
    from numbers
    inner join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            numbers.team_id = team_scopes.team_id
            and numbers.period_grain = team_scopes.period_grain
            and numbers.period_start = team_scopes.period_start
    union all
    select
        'value_stream' as scope_type,
        coalesce(numbers.value_stream_id, team_value_streams.value_stream_id) as scope_id,
        numbers.period_grain,
        numbers.period_start,
        numbers.item_level,
        numbers.stage,
        numbers.backlog_items * coalesce(team_value_streams.weight, 1) as backlog_items,
        numbers.arrivals * coalesce(team_value_streams.weight, 1) as arrivals,
        numbers.departures * coalesce(team_value_streams.weight, 1) as departures
    from numbers
    left join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            numbers.value_stream_id is null
            and numbers.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', 'numbers.date_day') }}
    union all
    select
        'organization' as scope_type,
        'organization' as scope_id,
        period_grain,
        period_start,
        item_level,
        stage,
        backlog_items,
        arrivals,
        departures
    from numbers

)

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    item_level,
    stage,
    coalesce(sum(backlog_items), 0) as backlog_items,
    coalesce(sum(arrivals), 0) as arrivals,
    coalesce(sum(departures), 0) as departures
from scoped
group by all
