with shares as (

    select
        sprint_items.sprint_key,
        sprint_items.item_key,
        sprint_items.is_committed,
        sprint_items.is_completed,
        types.flow_item_type,
        {{ local_date('sprint_items.closed_at', 'settings.time_zone') }} as closed_date,
        {{ local_date('sprint_items.started_at', 'settings.time_zone') }} as started_date,
        teams.team_id,
        teams.value_stream_id,
        teams.weight
    from {{ ref('int_sprint_items') }} as sprint_items
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_work_item_types') }} as types
        on
            sprint_items.item_key = types.item_key
            and sprint_items.started_at >= types.valid_from
            and sprint_items.started_at < types.valid_to
            and types.item_level = 'flow_item'
    inner join {{ ref('int_work_profile_teams') }} as teams
        on
            types.profile_key = teams.profile_key
            and sprint_items.started_at >= teams.valid_from
            and sprint_items.started_at < teams.valid_to
    where sprint_items.is_committed and sprint_items.closed_at is not null and types.flow_item_type is not null

),

scoped as (

    select
        'team' as scope_type,
        team_scopes.scope_id,
        day_periods.period_grain,
        day_periods.period_start,
        shares.flow_item_type,
        shares.sprint_key,
        shares.item_key,
        shares.is_completed,
        shares.weight
    from shares
    inner join {{ ref('int_day_periods') }} as day_periods on shares.closed_date = day_periods.date_day
    inner join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            shares.team_id = team_scopes.team_id
            and day_periods.period_grain = team_scopes.period_grain
            and day_periods.period_start = team_scopes.period_start
    union all
    select
        'value_stream' as scope_type,
        coalesce(shares.value_stream_id, team_value_streams.value_stream_id) as scope_id,
        day_periods.period_grain,
        day_periods.period_start,
        shares.flow_item_type,
        shares.sprint_key,
        shares.item_key,
        shares.is_completed,
        shares.weight * coalesce(team_value_streams.weight, 1) as weight
    from shares
    inner join {{ ref('int_day_periods') }} as day_periods on shares.closed_date = day_periods.date_day
    left join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            shares.value_stream_id is null
            and shares.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', 'shares.started_date') }}
    union all
    select
        'organization' as scope_type,
        'organization' as scope_id,
        day_periods.period_grain,
        day_periods.period_start,
        shares.flow_item_type,
        shares.sprint_key,
        shares.item_key,
        shares.is_completed,
        shares.weight
    from shares
    inner join {{ ref('int_day_periods') }} as day_periods on shares.closed_date = day_periods.date_day

)

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    flow_item_type,
    count(distinct sprint_key) as sprints_n,
    count(distinct sprint_key || '/' || item_key) as committed_n,
    sum(weight) as committed_items,
    coalesce(sum(weight) filter (where is_completed), 0) as kept_items
from scoped
group by grouping sets (
    (scope_type, scope_id, period_grain, period_start),
    (scope_type, scope_id, period_grain, period_start, flow_item_type)
)
