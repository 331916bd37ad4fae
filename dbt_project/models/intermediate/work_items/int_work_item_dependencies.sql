{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items(or_where=of_affected_items('blocking_item_key') ~ ' or is_running') }}"
) }}

{%- set is_running = 'links.valid_to > settings.as_of and items.done_at is null' %}

with links as (

    select
        links.item_key,
        links.blocking_item_key,
        greatest(links.valid_from, items.created_at, blockers.created_at) as valid_from,
        least(links.valid_to, coalesce(items.done_at, {{ forever() }}), settings.as_of) as valid_to,
        {{ is_running }} as is_running,
        {{ is_running }} and coalesce(items.cancelled_at, blockers.done_at, blockers.cancelled_at) is null as is_open
    from {{ ref('int_work_item_links') }} as links
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_work_item_facts') }} as items on links.item_key = items.item_key
    inner join {{ ref('int_work_item_facts') }} as blockers on links.blocking_item_key = blockers.item_key
    where
        greatest(links.valid_from, items.created_at, blockers.created_at)
        < least(links.valid_to, coalesce(items.done_at, {{ forever() }}), settings.as_of)
        and (
            {{ of_affected_items('links.item_key') }}
            or {{ of_affected_items('links.blocking_item_key') }}
            or ({{ is_running }})
        )

),

ends as (

    select
        item_key,
        valid_from
    from links
    union
    select
        blocking_item_key as item_key,
        valid_from
    from links

),

shares as (

    select
        ends.item_key,
        ends.valid_from,
        teams.team_id,
        coalesce(teams.value_stream_id, team_value_streams.value_stream_id) as value_stream_id,
        teams.weight * coalesce(team_value_streams.weight, 1) as weight
    from ends
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_work_item_types') }} as types
        on
            ends.item_key = types.item_key
            and ends.valid_from >= types.valid_from
            and ends.valid_from < types.valid_to
    inner join {{ ref('int_work_profile_teams') }} as teams
        on
            types.profile_key = teams.profile_key
            and ends.valid_from >= teams.valid_from
            and ends.valid_from < teams.valid_to
    left join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            teams.value_stream_id is null
            and teams.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', local_date('ends.valid_from', 'settings.time_zone')) }}

),

-- all owners tell whether items belong to others; the one with most weight stands for them
owners as (

    select
        item_key,
        valid_from,
        string_agg(distinct team_id, ',' order by team_id) as team_ids,
        string_agg(distinct value_stream_id, ',' order by value_stream_id) as value_stream_ids,
        max_by(team_id, (weight, team_id)) as team_id,
        max_by(value_stream_id, (weight, value_stream_id)) as value_stream_id
    from shares
    where weight > 0
    group by item_key, valid_from

),

owned as (

    select
        links.item_key,
        links.blocking_item_key,
        links.valid_from,
        links.valid_to,
        links.is_running,
        links.is_open,
        owners.team_id,
        owners.value_stream_id,
        blocking_owners.team_id as blocking_team_id,
        blocking_owners.value_stream_id as blocking_value_stream_id,
        owners.team_ids != blocking_owners.team_ids as is_across_teams,
        owners.value_stream_ids != blocking_owners.value_stream_ids as is_across_value_streams
    from links
    inner join owners
        on
            links.item_key = owners.item_key
            and links.valid_from = owners.valid_from
    inner join owners as blocking_owners
        on
            links.blocking_item_key = blocking_owners.item_key
            and links.valid_from = blocking_owners.valid_from

),

-- the only look at the states of all items
intervals as (

    select
        item_key,
        flow_state,
        is_after_done,
        valid_from,
        valid_to
    from {{ ref('int_work_item_state_intervals') }}
    where item_key in (select ends.item_key from ends)

),

standstills as (

    select
        intervals.item_key,
        intervals.valid_from,
        intervals.valid_to
    from intervals
    where
        intervals.flow_state = 'waiting'
        and not intervals.is_after_done
        and intervals.item_key in (select links.item_key from links)
    union all
    select
        blocks.item_key,
        greatest(blocks.valid_from, intervals.valid_from) as valid_from,
        least(blocks.valid_to, intervals.valid_to) as valid_to
    from {{ ref('int_work_item_blocks') }} as blocks
    inner join intervals
        on
            blocks.item_key = intervals.item_key
            and blocks.valid_from < intervals.valid_to
            and blocks.valid_to > intervals.valid_from
    where
        intervals.flow_state = 'active'
        and not intervals.is_after_done
        and blocks.item_key in (select links.item_key from links)

),

waits as (

    select
        owned.item_key,
        owned.blocking_item_key,
        owned.valid_from,
        sum(
            {{ microseconds_between(
                'greatest(owned.valid_from, standstills.valid_from, opens.valid_from)',
                'least(owned.valid_to, standstills.valid_to, opens.valid_to)'
            ) }}
        ) / 86400000000.0 as wait_days
    from owned
    inner join standstills
        on
            owned.item_key = standstills.item_key
            and owned.valid_from < standstills.valid_to
            and owned.valid_to > standstills.valid_from
    inner join intervals as opens
        on
            owned.blocking_item_key = opens.item_key
            and coalesce(opens.flow_state, 'unmapped') not in ('done', 'cancelled')
            and greatest(owned.valid_from, standstills.valid_from) < opens.valid_to
            and least(owned.valid_to, standstills.valid_to) > opens.valid_from
    group by all

)

select
    owned.item_key,
    owned.blocking_item_key,
    owned.valid_from,
    owned.valid_to,
    owned.is_running,
    owned.is_open,
    owned.team_id,
    owned.value_stream_id,
    owned.blocking_team_id,
    owned.blocking_value_stream_id,
    owned.is_across_teams,
    owned.is_across_value_streams,
    coalesce(waits.wait_days, 0) as wait_days
from owned
left join waits
    on
        owned.item_key = waits.item_key
        and owned.blocking_item_key = waits.blocking_item_key
        and owned.valid_from = waits.valid_from
