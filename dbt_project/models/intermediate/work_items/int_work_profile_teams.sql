with profile_conditions as (

    select
        profile_key,
        {{ explode("string_split(conditions, chr(10))") }} as condition
    from {{ ref('int_work_profiles') }}

),

teams as (

    select
        teams.team_id,
        teams.valid_from,
        {{ known_end('teams', 'settings.as_of_date') }} as valid_to
    from {{ ref('stg_organization__teams') }} as teams
    cross join {{ ref('int_settings') }} as settings
    where teams.valid_from <= settings.as_of_date

),

matches as (

    select distinct
        profiles.profile_key,
        rules.rule_order,
        rules.team_id,
        rules.value_stream_id,
        rules.weight,
        rules.valid_from,
        {{ known_end('rules', 'settings.as_of_date') }} as valid_to
    from {{ ref('int_work_profiles') }} as profiles
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('stg_organization__work_rules') }} as rules
        on
            settings.as_of_date >= rules.valid_from
            and (rules.connection is null or profiles.connection = rules.connection)
            and (rules.project is null or profiles.project_key = rules.project)
    left join profile_conditions
        on
            profiles.profile_key = profile_conditions.profile_key
            and profile_conditions.condition = rules.field || '=' || lower(rules.value)
    where
        rules.field is null
        or (rules.field = 'project' and lower(rules.value) = lower(profiles.project_key))
        or (
            rules.field = 'issue_type'
            and lower(rules.value) in (profiles.issue_type_id, lower(profiles.issue_type_name))
        )
        or profile_conditions.profile_key is not null

),

edges as (

    select
        profile_key,
        {{ explode("[valid_from, valid_to]") }} as edge
    from matches
    union
    select
        matches.profile_key,
        {{ explode("[teams.valid_from, teams.valid_to]") }} as edge
    from matches
    inner join teams on matches.team_id = teams.team_id
    union
    select
        profile_key,
        date '0001-01-01' as edge
    from {{ ref('int_work_profiles') }}

),

segments as (

    select
        profile_key,
        edge as valid_from,
        lead(edge, 1, date '9999-12-31') over (partition by profile_key order by edge) as valid_to
    from edges

),

first_matches as (

    select
        segments.profile_key,
        segments.valid_from,
        segments.valid_to,
        matches.team_id,
        matches.value_stream_id,
        matches.weight
    from segments
    inner join matches
        on
            segments.profile_key = matches.profile_key
            and {{ in_force('matches', 'segments.valid_from') }}
    where segments.valid_from < segments.valid_to
    qualify rank() over (
        partition by segments.profile_key, segments.valid_from
        order by matches.rule_order
    ) = 1

),

attributed as (

    select
        segments.profile_key,
        segments.valid_from,
        segments.valid_to,
        coalesce(teams.team_id, 'unassigned') as team_id,
        first_matches.value_stream_id,
        coalesce(first_matches.weight, 1) as weight
    from segments
    left join first_matches
        on
            segments.profile_key = first_matches.profile_key
            and segments.valid_from = first_matches.valid_from
    left join teams
        on
            first_matches.team_id = teams.team_id
            and {{ in_force('teams', 'segments.valid_from') }}
    where segments.valid_from < segments.valid_to

)

select
    attributed.profile_key,
    attributed.team_id,
    attributed.value_stream_id,
    cast(
        sum(attributed.weight)
        / sum(sum(attributed.weight)) over (partition by attributed.profile_key, attributed.valid_from)
        as decimal(10, 9)
    ) as weight,
    {{ edge_to_utc('attributed.valid_from', 'settings.time_zone') }} as valid_from,
    {{ edge_to_utc('attributed.valid_to', 'settings.time_zone') }} as valid_to
from attributed
cross join {{ ref('int_settings') }} as settings
group by
    attributed.profile_key,
    attributed.team_id,
    attributed.value_stream_id,
    attributed.valid_from,
    attributed.valid_to,
    settings.time_zone
