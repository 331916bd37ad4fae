with done_items as (

    select
        scopes.item_key,
        scopes.scope_type,
        scopes.scope_id,
        events.item_level,
        facts.flow_seconds / 86400.0 as flow_days
    from {{ ref('int_work_item_scopes') }} as scopes
    inner join {{ ref('int_work_item_events') }} as events
        on
            scopes.item_key = events.item_key
            and scopes.event = events.event
    inner join {{ ref('int_work_item_facts') }} as facts on scopes.item_key = facts.item_key
    cross join {{ ref('int_settings') }} as settings
    where
        scopes.event = 'done'
        and events.event_date >= settings.as_of_date - 90
        and events.item_level in ('flow_item', 'initiative')
        and events.flow_item_type is not null
        and facts.flow_seconds is not null

),

done_in_windows as (

    select
        done_items.item_key,
        done_items.scope_type,
        coalesce(team_scopes.scope_id, done_items.scope_id) as scope_id,
        coalesce(team_scopes.is_small, false) as is_small,
        done_items.item_level,
        done_items.flow_days,
        periods.period_grain,
        periods.period_start
    from done_items
    cross join {{ ref('int_periods') }} as periods
    left join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            done_items.scope_type = 'team'
            and done_items.scope_id = team_scopes.team_id
            and periods.period_grain = team_scopes.period_grain
            and periods.period_start = team_scopes.period_start
    where not periods.is_complete

),

-- an item that two small teams share counts once in their common scope
flow_times as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        flow_days
    from done_in_windows
    where not is_small
    union all
    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        any_value(flow_days) as flow_days
    from done_in_windows
    where is_small
    group by scope_type, scope_id, period_grain, period_start, item_level, item_key

),

thresholds as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        count(*) as threshold_n,
        case when count(*) >= 10 then {{ percentile('flow_days', 0.85) }} end as threshold_days
    from flow_times
    group by all

),

open_items as (

    select
        open_items.*,
        team_scopes.scope_id as team_scope_id,
        open_items.weight < 1 as is_shared
    from {{ ref('int_flow_open_items') }} as open_items
    left join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            open_items.team_id = team_scopes.team_id
            and open_items.period_grain = team_scopes.period_grain
            and open_items.period_start = team_scopes.period_start

),

scoped as (

    select
        'team' as scope_type,
        team_scope_id as scope_id,
        period_grain,
        period_start,
        item_level,
        item_key,
        age_days,
        weight,
        is_shared
    from open_items
    where team_scope_id is not null
    union all
    select
        'value_stream' as scope_type,
        coalesce(open_items.value_stream_id, team_value_streams.value_stream_id) as scope_id,
        open_items.period_grain,
        open_items.period_start,
        open_items.item_level,
        open_items.item_key,
        open_items.age_days,
        open_items.weight * coalesce(team_value_streams.weight, 1) as weight,
        open_items.is_shared
    from open_items
    left join {{ ref('int_team_value_streams') }} as team_value_streams
        on
            open_items.value_stream_id is null
            and open_items.team_id = team_value_streams.team_id
            and {{ in_force('team_value_streams', 'open_items.last_day') }}
    union all
    select
        'organization' as scope_type,
        'organization' as scope_id,
        period_grain,
        period_start,
        item_level,
        item_key,
        age_days,
        weight,
        is_shared
    from open_items

),

-- an item of several teams counts once in what they have in common
ages as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        age_days,
        weight
    from scoped
    where not is_shared
    union all
    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        age_days,
        sum(weight) as weight
    from scoped
    where is_shared
    group by scope_type, scope_id, period_grain, period_start, item_level, item_key, age_days

),

counts as (

    select
        ages.scope_type,
        ages.scope_id,
        ages.period_grain,
        ages.period_start,
        ages.item_level,
        count(*) as open_n,
        {{ percentiles('ages.age_days', [0.5, 0.85]) }} as age_days,
        coalesce(sum(ages.weight) filter (where ages.age_days > thresholds.threshold_days), 0) as older_items
    from ages
    left join thresholds
        on
            {{ same_period('ages', 'thresholds') }}
    group by all

)

select
    coalesce(counts.scope_type, thresholds.scope_type) as scope_type,
    coalesce(counts.scope_id, thresholds.scope_id) as scope_id,
    coalesce(counts.period_grain, thresholds.period_grain) as period_grain,
    coalesce(counts.period_start, thresholds.period_start) as period_start,
    coalesce(counts.item_level, thresholds.item_level) as item_level,
    coalesce(counts.open_n, 0) as open_n,
    counts.age_days[1] as age_p50_days,
    counts.age_days[2] as age_p85_days,
    thresholds.threshold_n,
    thresholds.threshold_days,
    case when thresholds.threshold_days is not null then coalesce(counts.older_items, 0) end as aging_items
from counts
full outer join thresholds
    on
        {{ same_period('counts', 'thresholds') }}
