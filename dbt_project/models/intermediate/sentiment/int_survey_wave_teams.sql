with teams as (

    select distinct
        waves.wave_key,
        teams.team_id,
        lower(teams.team_id) as id_text,
        lower(teams.team_name) as name_text
    from {{ ref('int_survey_waves') }} as waves
    inner join {{ ref('stg_organization__teams') }} as teams on {{ in_force('teams', 'waves.wave_date') }}

),

value_streams as (

    select distinct
        waves.wave_key,
        value_streams.value_stream_id,
        lower(value_streams.value_stream_id) as id_text,
        lower(value_streams.value_stream_name) as name_text
    from {{ ref('int_survey_waves') }} as waves
    inner join {{ ref('stg_organization__value_streams') }} as value_streams
        on {{ in_force('value_streams', 'waves.wave_date') }}

),

responses as (

    select
        wave_key,
        response_key,
        any_value(team) as team,
        any_value(value_stream) as value_stream
    from {{ ref('stg_surveys__answers') }}
    group by wave_key, response_key

),

declared as (

    select
        wave_key,
        team,
        0 as invited_count
    from responses
    union all
    select
        wave_key,
        team,
        invited_count
    from {{ ref('stg_surveys__invitations') }}
    where invited_count > 0

),

named as (

    select
        declared.wave_key,
        declared.team,
        coalesce(min(teams.team_id), 'unassigned') as team_id,
        max(declared.invited_count) as invited_count
    from declared
    left join teams
        on
            declared.wave_key = teams.wave_key
            and lower(declared.team) in (teams.id_text, teams.name_text)
    group by declared.wave_key, declared.team

),

declared_value_streams as (

    select
        responses.wave_key,
        named.team_id,
        value_streams.value_stream_id,
        count(*) as responses_count
    from responses
    inner join named
        on
            responses.wave_key = named.wave_key
            and responses.team is not distinct from named.team
    inner join value_streams
        on
            responses.wave_key = value_streams.wave_key
            and lower(responses.value_stream) in (value_streams.id_text, value_streams.name_text)
    group by responses.wave_key, named.team_id, value_streams.value_stream_id
    qualify
        row_number() over (
            partition by responses.wave_key, named.team_id
            order by count(*) desc, value_streams.value_stream_id
        ) = 1

),

configured_value_streams as (

    select
        waves.wave_key,
        shares.team_id,
        shares.value_stream_id
    from {{ ref('int_survey_waves') }} as waves
    inner join {{ ref('int_team_value_streams') }} as shares on {{ in_force('shares', 'waves.wave_date') }}
    qualify
        row_number() over (
            partition by waves.wave_key, shares.team_id
            order by shares.weight desc, shares.value_stream_id asc
        ) = 1

)

select
    named.wave_key,
    named.team,
    named.team_id,
    coalesce(declared_value_streams.value_stream_id, configured_value_streams.value_stream_id, 'unassigned')
        as value_stream_id,
    named.invited_count,
    coalesce(sizes.is_small, false) as is_small
from named
inner join {{ ref('int_survey_waves') }} as waves on named.wave_key = waves.wave_key
left join declared_value_streams
    on
        named.wave_key = declared_value_streams.wave_key
        and named.team_id = declared_value_streams.team_id
left join configured_value_streams
    on
        named.wave_key = configured_value_streams.wave_key
        and named.team_id = configured_value_streams.team_id
left join {{ ref('int_team_period_scopes') }} as sizes
    on
        named.team_id = sizes.team_id
        and sizes.period_grain = 'quarter'
        and sizes.period_start = date_trunc('quarter', waves.closes_on)
