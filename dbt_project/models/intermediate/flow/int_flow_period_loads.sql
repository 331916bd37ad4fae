with scoped as (

    select
        'team' as scope_type,
        team_scopes.scope_id,
        day_periods.period_grain,
        day_periods.period_start,
        loads.date_day,
        loads.item_level,
        loads.flow_item_type,
        loads.flow_state,
        loads.items
    from {{ ref('int_flow_daily_loads') }} as loads
    inner join {{ ref('int_day_periods') }} as day_periods on loads.date_day = day_periods.date_day
    inner join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            loads.team_id = team_scopes.team_id
            and day_periods.period_grain = team_scopes.period_grain
            and day_periods.period_start = team_scopes.period_start
    where day_periods.is_over
    union all
    select
        'value_stream' as scope_type,
        coalesce(loads.value_stream_id, team_value_streams.value_stream_id) as scope_id,
        day_periods.period_grain,
        day_periods.period_start,
        loads.date_day,
        loads.item_level,
        loads.flow_item_type,
        loads.flow_state,
        loads.items * coalesce(team_value_streams.weight, 1) as items
    from {{ ref('int_flow_daily_loads') }} as loads
    inner join {{ ref('int_day_periods') }} as day_periods on loads.date_day = day_periods.date_day
    left join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            loads.value_stream_id is null
            and loads.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', 'loads.date_day') }}
    where day_periods.is_over
    union all
    select
        'organization' as scope_type,
        'organization' as scope_id,
        day_periods.period_grain,
        day_periods.period_start,
        loads.date_day,
        loads.item_level,
        loads.flow_item_type,
        loads.flow_state,
        loads.items
    from {{ ref('int_flow_daily_loads') }} as loads
    inner join {{ ref('int_day_periods') }} as day_periods on loads.date_day = day_periods.date_day
    where day_periods.is_over

),

period_days as (

    select
        period_grain,
        period_start,
        count(*) as days_over
    from {{ ref('int_day_periods') }}
    where is_over
    group by all

)

select
    scoped.scope_type,
    scoped.scope_id,
    scoped.period_grain,
    scoped.period_start,
    scoped.item_level,
    scoped.flow_item_type,
    coalesce(sum(scoped.items) filter (where scoped.flow_state = 'active'), 0) as active_item_days,
    coalesce(sum(scoped.items) filter (where scoped.flow_state = 'waiting'), 0) as waiting_item_days,
    any_value(period_days.days_over) as days_over
from scoped
inner join period_days
    on
        scoped.period_grain = period_days.period_grain
        and scoped.period_start = period_days.period_start
group by
    scoped.scope_type,
    scoped.scope_id,
    scoped.period_grain,
    scoped.period_start,
    scoped.item_level,
    scoped.flow_item_type
