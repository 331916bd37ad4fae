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
    union all
    select
        item_key,
        item_key as profile_key,
        connection,
        flow_item_type,
        {{ beginning() }} as valid_from,
        {{ forever() }} as valid_to
    from {{ ref('int_filed_initiatives') }}

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

owners as (

    select
        profile_key,
        team_id,
        value_stream_id,
        valid_from,
        valid_to
    from main_teams
    union all
    select
        filed.item_key as profile_key,
        coalesce(known_teams.team_id, 'unassigned') as team_id,
        known_value_streams.value_stream_id,
        {{ beginning() }} as valid_from,
        {{ forever() }} as valid_to
    from {{ ref('int_filed_initiatives') }} as filed
    left join (
        select distinct team_id
        from {{ ref('stg_organization__teams') }}
    ) as known_teams on filed.team_id = known_teams.team_id
    left join (
        select distinct value_stream_id
        from {{ ref('stg_organization__value_streams') }}
    ) as known_value_streams on filed.value_stream_id = known_value_streams.value_stream_id

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
        owners.profile_key,
        owners.team_id,
        coalesce(owners.value_stream_id, main_value_streams.value_stream_id, 'unassigned') as value_stream_id,
        greatest(owners.valid_from, coalesce(main_value_streams.valid_from, owners.valid_from)) as valid_from,
        least(owners.valid_to, coalesce(main_value_streams.valid_to, owners.valid_to)) as valid_to
    from owners
    left join main_value_streams
        on
            owners.value_stream_id is null
            and owners.team_id = main_value_streams.team_id
            and owners.valid_from < main_value_streams.valid_to
            and owners.valid_to > main_value_streams.valid_from

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
