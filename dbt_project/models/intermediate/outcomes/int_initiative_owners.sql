-- profiles are few: owners are found per profile, then dealt out to its initiatives
with initiatives as (

    select
        item_key,
        profile_key,
        connection,
        flow_item_type,
        valid_from,
        valid_to
    from {{ ref('int_work_item_types') }}
    where item_level = 'initiative'

),

main_teams as (

    select
        teams.profile_key,
        teams.team_id,
        teams.value_stream_id,
        teams.valid_from,
        teams.valid_to
    from {{ ref('int_work_profile_teams') }} as teams
    inner join (
        select distinct profile_key
        from initiatives
    ) as profiles on teams.profile_key = profiles.profile_key
    qualify row_number() over (
        partition by teams.profile_key, teams.valid_from
        order by teams.weight desc, teams.team_id asc, teams.value_stream_id asc
    ) = 1

),

main_value_streams as (

    select
        value_streams.team_id,
        value_streams.value_stream_id,
        {{ edge_to_utc('value_streams.valid_from', 'settings.time_zone') }} as valid_from,
        {{ edge_to_utc('value_streams.valid_to', 'settings.time_zone') }} as valid_to
    from {{ ref('int_team_value_streams') }} as value_streams
    cross join {{ ref('int_settings') }} as settings
    qualify row_number() over (
        partition by value_streams.team_id, value_streams.valid_from
        order by value_streams.weight desc, value_streams.value_stream_id asc
    ) = 1

),

profile_owners as (

    select
        main_teams.profile_key,
        main_teams.team_id,
        coalesce(main_teams.value_stream_id, main_value_streams.value_stream_id, 'unassigned') as value_stream_id,
        greatest(main_teams.valid_from, coalesce(main_value_streams.valid_from, main_teams.valid_from)) as valid_from,
        least(main_teams.valid_to, coalesce(main_value_streams.valid_to, main_teams.valid_to)) as valid_to
    from main_teams
    left join main_value_streams
        on
            main_teams.value_stream_id is null
            and main_teams.team_id = main_value_streams.team_id
            and main_teams.valid_from < main_value_streams.valid_to
            and main_teams.valid_to > main_value_streams.valid_from

)

select
    initiatives.item_key,
    initiatives.profile_key,
    initiatives.connection,
    initiatives.flow_item_type,
    profile_owners.team_id,
    profile_owners.value_stream_id,
    greatest(initiatives.valid_from, profile_owners.valid_from) as valid_from,
    least(initiatives.valid_to, profile_owners.valid_to) as valid_to
from initiatives
inner join profile_owners
    on
        initiatives.profile_key = profile_owners.profile_key
        and initiatives.valid_from < profile_owners.valid_to
        and initiatives.valid_to > profile_owners.valid_from
