with teams as (

    select distinct
        profiles.connection,
        profiles.project_key,
        profile_teams.team_id,
        profile_teams.value_stream_id
    from {{ ref('int_work_profile_teams') }} as profile_teams
    inner join {{ ref('int_work_profiles') }} as profiles on profile_teams.profile_key = profiles.profile_key

)

select
    'team' as scope_type,
    coalesce(team_scopes.scope_id, teams.team_id) as scope_id,
    teams.connection,
    teams.project_key
from teams
left join (
    select distinct
        team_id,
        scope_id
    from {{ ref('int_team_period_scopes') }}
) as team_scopes on teams.team_id = team_scopes.team_id
union
select
    'value_stream' as scope_type,
    coalesce(teams.value_stream_id, team_value_streams.value_stream_id) as scope_id,
    teams.connection,
    teams.project_key
from teams
left join {{ ref('int_team_value_streams') }} as team_value_streams
    on
        teams.value_stream_id is null
        and teams.team_id = team_value_streams.team_id
union
select
    'organization' as scope_type,
    'organization' as scope_id,
    connection,
    project_key
from teams
