-- whose a ticket without a service is: a day belongs to what the item was at its end
with item_days as (

    select
        types.item_key,
        types.profile_key,
        types.valid_from,
        types.valid_to
    from {{ ref('int_work_item_types') }} as types
    inner join {{ ref('int_tracker_security_defects') }} as defects on types.item_key = defects.item_key
    where defects.service_id is null

),

team_days as (

    select
        item_days.item_key,
        teams.team_id,
        teams.value_stream_id,
        teams.weight,
        {{ edge_to_date('greatest(item_days.valid_from, teams.valid_from)', 'settings.time_zone') }} as valid_from,
        {{ edge_to_date('least(item_days.valid_to, teams.valid_to)', 'settings.time_zone') }} as valid_to
    from item_days
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_work_profile_teams') }} as teams
        on
            item_days.profile_key = teams.profile_key
            and item_days.valid_from < teams.valid_to
            and item_days.valid_to > teams.valid_from

)

select
    team_days.item_key,
    team_days.team_id,
    coalesce(team_days.value_stream_id, shares.value_stream_id) as value_stream_id,
    team_days.weight * coalesce(shares.weight, 1) as weight,
    greatest(team_days.valid_from, coalesce(shares.valid_from, team_days.valid_from)) as valid_from,
    least(team_days.valid_to, coalesce(shares.valid_to, team_days.valid_to)) as valid_to
from team_days
left join {{ ref('int_team_value_streams') }} as shares
    on
        team_days.value_stream_id is null
        and team_days.team_id = shares.team_id
        and team_days.valid_from < shares.valid_to
        and team_days.valid_to > shares.valid_from
where team_days.valid_from < team_days.valid_to
