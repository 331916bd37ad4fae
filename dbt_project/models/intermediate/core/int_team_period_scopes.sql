with settings as (

    select
        min_team_size,
        as_of_date
    from {{ ref('int_settings') }}

),

team_periods as (

    select distinct
        teams.team_id,
        periods.period_grain,
        periods.period_start,
        greatest(periods.period_start, teams.valid_from) as first_date,
        least(periods.period_end, teams.valid_to, cast(settings.as_of_date + interval 1 day as date)) as end_date
    from {{ ref('stg_organization__teams') }} as teams
    cross join {{ ref('int_periods') }} as periods
    cross join settings
    where
        teams.valid_from < periods.period_end
        and teams.valid_to > periods.period_start
        and teams.valid_from <= settings.as_of_date

),

smallest as (

    select
        team_periods.team_id,
        team_periods.period_grain,
        team_periods.period_start,
        min(team_sizes.member_count) as smallest_member_count
    from team_periods
    inner join {{ ref('int_team_sizes') }} as team_sizes
        on
            team_periods.team_id = team_sizes.team_id
            and team_periods.first_date < team_sizes.valid_to
            and team_periods.end_date > team_sizes.valid_from
    group by all

),

sized as (

    select
        smallest.team_id,
        smallest.period_grain,
        smallest.period_start,
        smallest.smallest_member_count,
        configured.has_memberships and smallest.smallest_member_count < settings.min_team_size as is_small
    from smallest
    cross join settings
    cross join (
        select count(*) > 0 as has_memberships
        from {{ ref('stg_organization__memberships') }}
    ) as configured

),

small_team_days as (

    select
        team_periods.period_grain,
        team_periods.period_start,
        team_periods.team_id,
        team_periods.first_date,
        team_periods.end_date
    from team_periods
    inner join sized
        on
            team_periods.team_id = sized.team_id
            and team_periods.period_grain = sized.period_grain
            and team_periods.period_start = sized.period_start
    where sized.is_small

),

small_edges as (

    select
        period_grain,
        period_start,
        first_date as edge
    from small_team_days
    union
    select
        small_team_days.period_grain,
        small_team_days.period_start,
        team_sizes.valid_from as edge
    from small_team_days
    inner join {{ ref('int_team_sizes') }} as team_sizes
        on
            small_team_days.team_id = team_sizes.team_id
            and small_team_days.first_date < team_sizes.valid_from
            and small_team_days.end_date > team_sizes.valid_from
    union
    select
        period_grain,
        period_start,
        end_date as edge
    from small_team_days

),

small_counts as (

    select
        small_edges.period_grain,
        small_edges.period_start,
        small_edges.edge,
        count(distinct memberships.member_id) as member_count
    from small_edges
    inner join small_team_days
        on
            small_edges.period_grain = small_team_days.period_grain
            and small_edges.period_start = small_team_days.period_start
            and small_edges.edge >= small_team_days.first_date
            and small_edges.edge < small_team_days.end_date
    left join {{ ref('stg_organization__memberships') }} as memberships
        on
            small_team_days.team_id = memberships.team_id
            and small_edges.edge >= memberships.valid_from
            and small_edges.edge < memberships.valid_to
    group by all

),

small_groups as (

    select
        small_counts.period_grain,
        small_counts.period_start,
        min(small_counts.member_count) < any_value(settings.min_team_size) as is_suppressed
    from small_counts
    cross join settings
    group by small_counts.period_grain, small_counts.period_start

)

select
    sized.team_id,
    sized.period_grain,
    sized.period_start,
    case when sized.is_small then 'small_teams' else sized.team_id end as scope_id,
    sized.is_small,
    coalesce(sized.is_small and small_groups.is_suppressed, false) as is_suppressed
from sized
left join small_groups
    on
        sized.period_grain = small_groups.period_grain
        and sized.period_start = small_groups.period_start
union all
select
    'unassigned' as team_id,
    period_grain,
    period_start,
    'unassigned' as scope_id,
    false as is_small,
    false as is_suppressed
from {{ ref('int_periods') }}
