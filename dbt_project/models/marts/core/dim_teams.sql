with settings as (

    select
        as_of_date,
        min_team_size
    from {{ ref('int_settings') }}

),

teams as (

    select
        teams.team_id,
        max_by(teams.team_name, teams.valid_from) as team_name,
        min(teams.valid_from) as first_date,
        max(teams.valid_to) as end_date
    from {{ ref('stg_organization__teams') }} as teams
    cross join settings
    where teams.valid_from <= settings.as_of_date
    group by teams.team_id

),

value_streams as (

    select
        team_value_streams.team_id,
        max_by(team_value_streams.value_stream_id, team_value_streams.weight) as value_stream_id
    from {{ ref('int_team_value_streams') }} as team_value_streams
    cross join settings
    where {{ in_force('team_value_streams', 'settings.as_of_date') }}
    group by team_value_streams.team_id

),

operating_models as (

    select
        operating_models.team_id,
        max(operating_models.operating_model) as operating_model
    from {{ ref('stg_organization__operating_models') }} as operating_models
    cross join settings
    where {{ in_force('operating_models', 'settings.as_of_date') }}
    group by operating_models.team_id

),

sizes as (

    select
        memberships.team_id,
        count(distinct memberships.member_id) as team_size
    from {{ ref('stg_organization__memberships') }} as memberships
    cross join settings
    where {{ in_force('memberships', 'settings.as_of_date') }}
    group by memberships.team_id

)

select
    teams.team_id,
    teams.team_name,
    value_streams.value_stream_id,
    operating_models.operating_model,
    case when sizes.team_size >= settings.min_team_size then sizes.team_size end as team_size,
    case when teams.first_date > date '0001-01-01' then teams.first_date end as first_date,
    teams.end_date > settings.as_of_date as is_current,
    true as is_team
from teams
cross join settings
left join value_streams on teams.team_id = value_streams.team_id
left join operating_models on teams.team_id = operating_models.team_id
left join sizes on teams.team_id = sizes.team_id
union all
select
    team_id,
    team_name,
    cast(null as {{ text_type() }}) as value_stream_id,
    cast(null as {{ text_type() }}) as operating_model,
    cast(null as bigint) as team_size,
    cast(null as date) as first_date,
    true as is_current,
    false as is_team
from (values ('unassigned', 'Unassigned'), ('small_teams', 'Small teams')) as special (team_id, team_name)
