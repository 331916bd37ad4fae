with main_teams as (

    select
        sprint_items.sprint_key,
        teams.team_id,
        sum(teams.weight) as weight
    from {{ ref('int_sprint_items') }} as sprint_items
    inner join {{ ref('int_work_profile_teams') }} as teams
        on
            sprint_items.profile_key = teams.profile_key
            and sprint_items.joined_at >= teams.valid_from
            and sprint_items.joined_at < teams.valid_to
    group by sprint_items.sprint_key, teams.team_id
    qualify row_number() over (
        partition by sprint_items.sprint_key
        order by sum(teams.weight) desc, teams.team_id asc
    ) = 1

),

counts as (

    select
        sprint_key,
        count(*) filter (where is_committed) as committed_items,
        count(*) filter (where is_completed) as completed_items,
        count(*) filter (where is_committed and is_completed) as completed_committed_items,
        count(*) filter (where is_added) as added_items,
        count(*) filter (where is_removed) as removed_items,
        count(*) filter (where is_carried) as carried_items,
        -- no points at all is no number; no points among those that are asked for is a real 0
        sum(case when is_committed then points_at_joining else 0 * points_at_joining end) as committed_points,
        sum(case when is_completed then points_at_end else 0 * points_at_end end) as completed_points,
        sum(case when is_committed and is_completed then points_at_end else 0 * points_at_end end)
            as completed_committed_points,
        sum(case when is_added then points_at_joining else 0 * points_at_joining end) as added_points,
        sum(case when is_removed then points_at_end else 0 * points_at_end end) as removed_points,
        sum(case when is_carried then points_at_end else 0 * points_at_end end) as carried_points
    from {{ ref('int_sprint_items') }}
    group by sprint_key

)

select
    sprints.sprint_key,
    sprints.connection,
    sprints.sprint_id,
    boards.board_id,
    case when small_team_days.team_id is null then main_teams.team_id else small_team_days.scope_id end as team_id,
    sprints.started_at,
    sprints.planned_end_at,
    case when sprints.closed_at <= settings.as_of then sprints.closed_at end as closed_at,
    coalesce(sprints.closed_at <= settings.as_of, false) as is_closed,
    coalesce(counts.committed_items, 0) as committed_items,
    coalesce(counts.completed_items, 0) as completed_items,
    coalesce(counts.completed_committed_items, 0) as completed_committed_items,
    coalesce(counts.added_items, 0) as added_items,
    coalesce(counts.removed_items, 0) as removed_items,
    coalesce(counts.carried_items, 0) as carried_items,
    counts.committed_points,
    counts.completed_points,
    counts.completed_committed_points,
    counts.added_points,
    counts.removed_points,
    counts.carried_points,
    case
        when sprints.closed_at <= settings.as_of
            then counts.completed_committed_items / nullif(cast(counts.committed_items as double), 0)
    end as say_do_rate
from {{ ref('stg_jira__sprints') }} as sprints
cross join {{ ref('int_settings') }} as settings
left join {{ ref('stg_jira__boards') }} as boards
    on
        sprints.connection = boards.connection
        and sprints.board_id = boards.board_id
left join main_teams on sprints.sprint_key = main_teams.sprint_key
left join counts on sprints.sprint_key = counts.sprint_key
left join {{ ref('int_small_team_days') }} as small_team_days
    on
        main_teams.team_id = small_team_days.team_id
        and {{ local_date('sprints.started_at', 'settings.time_zone') }} = small_team_days.date_day
where sprints.started_at <= settings.as_of
