{# Whose an item is at an event: a row per scope, weights of the teams (and of the value streams) sum to 1. #}
{% macro item_scopes(events) -%}
, team_shares as (

    select
        events.item_key,
        events.event,
        events.event_date,
        teams.team_id,
        teams.value_stream_id,
        teams.weight
    from {{ events }} as events
    inner join {{ ref('int_work_profile_teams') }} as teams
        on
            events.profile_key = teams.profile_key
            and events.event_at >= teams.valid_from
            and events.event_at < teams.valid_to

),

value_stream_shares as (

    select
        team_shares.item_key,
        team_shares.event,
        team_shares.value_stream_id,
        team_shares.weight
    from team_shares
    where team_shares.value_stream_id is not null
    union all
    select
        team_shares.item_key,
        team_shares.event,
        team_value_streams.value_stream_id,
        cast(team_shares.weight * team_value_streams.weight as decimal(10, 9)) as weight
    from team_shares
    inner join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            team_shares.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', 'team_shares.event_date') }}
    where team_shares.value_stream_id is null

)

select
    item_key,
    event,
    'team' as scope_type,
    team_id as scope_id,
    sum(weight) as weight
from team_shares
group by item_key, event, team_id
union all
select
    item_key,
    event,
    'value_stream' as scope_type,
    value_stream_id as scope_id,
    sum(weight) as weight
from value_stream_shares
group by item_key, event, value_stream_id
union all
select
    item_key,
    event,
    'organization' as scope_type,
    'organization' as scope_id,
    cast(1 as decimal(10, 9)) as weight
from {{ events }}
{%- endmacro %}
