with over_days as (

    select
        date_day,
        period_grain,
        period_start
    from {{ ref('int_day_periods') }}
    where is_over

),

team_days as (

    select
        over_days.date_day,
        over_days.period_grain,
        over_days.period_start,
        team_sizes.team_id,
        team_sizes.member_count
    from over_days
    inner join {{ ref('int_team_sizes') }} as team_sizes
        on {{ in_force('team_sizes', 'over_days.date_day') }}

),

all_members as (

    select
        days.date_day,
        count(distinct memberships.member_id) as member_count
    from {{ ref('int_days') }} as days
    inner join {{ ref('stg_organization__memberships') }} as memberships
        on {{ in_force('memberships', 'days.date_day') }}
    group by days.date_day

)

select
    'team' as scope_type,
    team_scopes.scope_id,
    team_days.period_grain,
    team_days.period_start,
    cast(sum(team_days.member_count) as double) as member_days
from team_days
inner join {{ ref('int_team_period_scopes') }} as team_scopes
    on
        team_days.team_id = team_scopes.team_id
        and team_days.period_grain = team_scopes.period_grain
        and team_days.period_start = team_scopes.period_start
group by all
union all
select
    'value_stream' as scope_type,
    team_value_streams.value_stream_id as scope_id,
    team_days.period_grain,
    team_days.period_start,
    cast(sum(team_days.member_count * team_value_streams.weight) as double) as member_days
from team_days
inner join {{ ref('int_team_value_streams') }} as team_value_streams
    on
        team_days.team_id = team_value_streams.team_id
        and {{ in_force('team_value_streams', 'team_days.date_day') }}
group by all
union all
select
    'organization' as scope_type,
    'organization' as scope_id,
    over_days.period_grain,
    over_days.period_start,
    cast(sum(all_members.member_count) as double) as member_days
from over_days
inner join all_members on over_days.date_day = all_members.date_day
group by all
