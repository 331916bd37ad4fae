with scoped as (

    select
        'team' as scope_type,
        case when small_team_days.team_id is null then stocks.team_id else small_team_days.scope_id end as scope_id,
        stocks.date_day,
        stocks.item_level,
        stocks.flow_item_type,
        stocks.flow_state,
        stocks.items,
        stocks.first_entries
    from {{ ref('int_flow_daily_stocks') }} as stocks
    left join {{ ref('int_small_team_days') }} as small_team_days
        on
            stocks.team_id = small_team_days.team_id
            and stocks.date_day = small_team_days.date_day
    union all
    select
        'value_stream' as scope_type,
        coalesce(stocks.value_stream_id, team_value_streams.value_stream_id) as scope_id,
        stocks.date_day,
        stocks.item_level,
        stocks.flow_item_type,
        stocks.flow_state,
        stocks.items * coalesce(team_value_streams.weight, 1) as items,
        stocks.first_entries * coalesce(team_value_streams.weight, 1) as first_entries
    from {{ ref('int_flow_daily_stocks') }} as stocks
    left join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            stocks.value_stream_id is null
            and stocks.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', 'stocks.date_day') }}
    union all
    select
        'organization' as scope_type,
        'organization' as scope_id,
        date_day,
        item_level,
        flow_item_type,
        flow_state,
        items,
        first_entries
    from {{ ref('int_flow_daily_stocks') }}

),

totals as (

    select
        scope_type,
        scope_id,
        date_day,
        item_level,
        flow_item_type,
        flow_state,
        sum(items) as items,
        sum(first_entries) as first_entries
    from scoped
    where scope_id is not null and flow_state is not null
    group by all

),

places as (

    select
        scope_type,
        scope_id,
        item_level,
        flow_item_type,
        flow_state,
        min(date_day) as first_day
    from totals
    group by all

),

-- a scope that had items keeps its rows when they have left it: a real 0, and its entries stay counted
dense as (

    select
        places.scope_type,
        places.scope_id,
        days.date_day,
        places.item_level,
        places.flow_item_type,
        places.flow_state,
        coalesce(totals.items, 0) as items,
        sum(coalesce(totals.first_entries, 0)) over (
            partition by
                places.scope_type, places.scope_id, places.item_level, places.flow_item_type, places.flow_state
            order by days.date_day
        ) as entered_items
    from places
    inner join {{ ref('int_days') }} as days on places.first_day <= days.date_day
    left join totals
        on
            days.date_day = totals.date_day
            and places.scope_type = totals.scope_type
            and places.scope_id = totals.scope_id
            and places.item_level = totals.item_level
            and places.flow_item_type = totals.flow_item_type
            and places.flow_state = totals.flow_state

)

select
    dense.scope_type,
    dense.scope_id,
    dense.date_day,
    dense.item_level,
    dense.flow_item_type,
    dense.flow_state,
    dense.items,
    dense.entered_items
from dense
left join {{ ref('int_small_team_days') }} as small_team_days
    on
        dense.scope_type = 'team'
        and dense.scope_id = small_team_days.team_id
        and dense.date_day = small_team_days.date_day
left join (
    select distinct date_day
    from {{ ref('int_small_team_days') }}
    where scope_id is not null
) as group_days
    on
        dense.scope_id = 'small_teams'
        and dense.date_day = group_days.date_day
where
    small_team_days.team_id is null
    and (dense.scope_type != 'team' or dense.scope_id != 'small_teams' or group_days.date_day is not null)
