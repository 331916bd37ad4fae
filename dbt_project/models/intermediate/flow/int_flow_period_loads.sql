with stocks as (

    select
        date_day,
        item_level,
        flow_item_type,
        flow_state,
        team_id,
        value_stream_id,
        items
    from {{ ref('int_flow_daily_stocks') }}
    where flow_state in ('active', 'waiting')

),

scoped as (

    select
        'team' as scope_type,
        team_scopes.scope_id,
        day_periods.period_grain,
        day_periods.period_start,
        stocks.item_level,
        stocks.flow_item_type,
        stocks.flow_state,
        stocks.items
    from stocks
    inner join {{ ref('int_day_periods') }} as day_periods
        on
            stocks.date_day = day_periods.date_day
            and day_periods.is_over
    inner join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            stocks.team_id = team_scopes.team_id
            and day_periods.period_grain = team_scopes.period_grain
            and day_periods.period_start = team_scopes.period_start
    union all
    select
        'value_stream' as scope_type,
        coalesce(stocks.value_stream_id, team_value_streams.value_stream_id) as scope_id,
        day_periods.period_grain,
        day_periods.period_start,
        stocks.item_level,
        stocks.flow_item_type,
        stocks.flow_state,
        stocks.items * coalesce(team_value_streams.weight, 1) as items
    from stocks
    inner join {{ ref('int_day_periods') }} as day_periods
        on
            stocks.date_day = day_periods.date_day
            and day_periods.is_over
    left join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            stocks.value_stream_id is null
            and stocks.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', 'stocks.date_day') }}
    union all
    select
        'organization' as scope_type,
        'organization' as scope_id,
        day_periods.period_grain,
        day_periods.period_start,
        stocks.item_level,
        stocks.flow_item_type,
        stocks.flow_state,
        stocks.items
    from stocks
    inner join {{ ref('int_day_periods') }} as day_periods
        on
            stocks.date_day = day_periods.date_day
            and day_periods.is_over

)

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    item_level,
    flow_item_type,
    coalesce(sum(items) filter (where flow_state = 'active'), 0) as active_item_days,
    coalesce(sum(items) filter (where flow_state = 'waiting'), 0) as waiting_item_days
from scoped
group by all
