with located as (

    select
        scopes.item_key,
        scopes.event,
        scopes.scope_type,
        coalesce(team_scopes.scope_id, scopes.scope_id) as scope_id,
        day_periods.period_grain,
        day_periods.period_start,
        coalesce(events.item_level, 'flow_item') as item_level,
        events.flow_item_type,
        events.event = 'unmapped'
        or events.item_level is null
        or events.flow_item_type is null as is_unmapped,
        scopes.weight
    from {{ ref('int_work_item_scopes') }} as scopes
    inner join {{ ref('int_work_item_events') }} as events
        on
            scopes.item_key = events.item_key
            and scopes.event = events.event
    inner join {{ ref('int_day_periods') }} as day_periods
        on events.event_date = day_periods.date_day
    left join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            scopes.scope_type = 'team'
            and scopes.scope_id = team_scopes.team_id
            and day_periods.period_grain = team_scopes.period_grain
            and day_periods.period_start = team_scopes.period_start
    where coalesce(events.item_level, 'flow_item') in ('flow_item', 'initiative')

)

select
    item_key,
    event,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    item_level,
    flow_item_type,
    is_unmapped,
    sum(weight) as weight
from located
group by all
