{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items(or_where=\"event = 'as_of'\") }}"
) }}

-- where an item belongs for good: at first Done or cancellation, else as of the run
with home_events as (

    select
        item_key,
        event,
        event_at,
        event_date,
        profile_key,
        flow_item_type,
        item_level
    from {{ ref('int_work_item_events') }}
    where event in ('done', 'cancelled') and {{ of_affected_items('item_key') }}
    union all
    select
        item_key,
        event,
        event_at,
        event_date,
        profile_key,
        flow_item_type,
        item_level
    from {{ ref('int_open_item_events') }}

),

home_scopes as (

    select
        item_key,
        event,
        scope_type,
        scope_id,
        weight
    from {{ ref('int_work_item_scopes') }}
    where
        event in ('done', 'cancelled')
        and scope_type != 'organization'
        and {{ of_affected_items('item_key') }}
    union all
    select
        item_key,
        event,
        scope_type,
        scope_id,
        weight
    from {{ ref('int_open_item_scopes') }}
    where scope_type != 'organization'

),

-- few items are shared: only those are grouped
main_scopes as (

    select
        item_key,
        event,
        scope_type,
        scope_id,
        1 as scopes_count
    from home_scopes
    where weight = 1
    union all
    select
        item_key,
        event,
        scope_type,
        max_by(scope_id, (weight, scope_id)) as scope_id,
        count(*) as scopes_count
    from home_scopes
    where weight < 1
    group by item_key, event, scope_type

)

select
    home_events.item_key,
    home_events.event,
    home_events.event_at,
    home_events.profile_key,
    home_events.flow_item_type,
    home_events.item_level,
    case
        when small_team_days.team_id is not null then small_team_days.scope_id
        else teams.scope_id
    end as team_id,
    value_streams.scope_id as value_stream_id,
    teams.scopes_count > 1 as is_shared,
    small_team_days.team_id is not null as is_of_small_team
from home_events
inner join main_scopes as teams
    on
        home_events.item_key = teams.item_key
        and home_events.event = teams.event
        and teams.scope_type = 'team'
inner join main_scopes as value_streams
    on
        home_events.item_key = value_streams.item_key
        and home_events.event = value_streams.event
        and value_streams.scope_type = 'value_stream'
left join {{ ref('int_small_team_days') }} as small_team_days
    on
        teams.scope_id = small_team_days.team_id
        and home_events.event_date = small_team_days.date_day
