with home_events as (

    select
        item_key,
        event,
        event_at,
        event_date,
        profile_key,
        flow_item_type,
        item_level
    from {{ ref('int_work_item_events') }}
    where event in ('done', 'cancelled', 'as_of')
    qualify row_number() over (
        partition by item_key
        order by case event when 'done' then 1 when 'cancelled' then 2 else 3 end
    ) = 1

),

main_scopes as (

    select
        scopes.item_key,
        scopes.event,
        scopes.scope_type,
        max_by(scopes.scope_id, (scopes.weight, scopes.scope_id)) as scope_id,
        count(*) as scopes_count
    from {{ ref('int_work_item_scopes') }} as scopes
    group by scopes.item_key, scopes.event, scopes.scope_type

),

small_team_days as (

    select
        day_periods.date_day,
        team_scopes.team_id,
        bool_or(team_scopes.is_suppressed) as is_suppressed
    from {{ ref('int_team_period_scopes') }} as team_scopes
    inner join {{ ref('int_day_periods') }} as day_periods
        on
            team_scopes.period_grain = day_periods.period_grain
            and team_scopes.period_start = day_periods.period_start
    where team_scopes.is_small
    group by day_periods.date_day, team_scopes.team_id

)

select
    home_events.item_key,
    home_events.event,
    home_events.event_at,
    home_events.profile_key,
    home_events.flow_item_type,
    home_events.item_level,
    case
        when small_team_days.is_suppressed then cast(null as {{ text_type() }})
        when small_team_days.team_id is not null then 'small_teams'
        else teams.scope_id
    end as team_id,
    value_streams.scope_id as value_stream_id,
    teams.scopes_count > 1 as is_shared
from home_events
inner join main_scopes as teams
    on
        home_events.item_key = teams.item_key
        and home_events.event = teams.event
        and teams.scope_type = 'team'
inner join main_scopes as value_streams
    on
        home_events.item_key = value_streams.item_key
        and home_events.event = value_streams.event
        and value_streams.scope_type = 'value_stream'
left join small_team_days
    on
        teams.scope_id = small_team_days.team_id
        and home_events.event_date = small_team_days.date_day
