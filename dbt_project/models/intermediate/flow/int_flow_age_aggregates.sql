{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_changed_ages() }}"
) }}

with done_events as (

    select
        events.item_key,
        events.event,
        events.event_at,
        events.event_date,
        events.profile_key,
        events.item_level,
        facts.flow_seconds / 86400.0 as flow_days
    from {{ ref('int_work_item_events') }} as events
    inner join {{ ref('int_work_item_facts') }} as facts on events.item_key = facts.item_key
    cross join {{ ref('int_settings') }} as settings
    where
        events.event = 'done'
        and events.event_date >= settings.as_of_date - 90
        and events.item_level in ('flow_item', 'initiative')
        and events.flow_item_type is not null
        and facts.flow_seconds is not null

),

done_scopes as (

    with item_events as (select * from done_events)

    {{ item_scopes('item_events') }}

),

done_items as (

    select
        done_scopes.item_key,
        done_scopes.scope_type,
        done_scopes.scope_id,
        done_events.item_level,
        done_events.flow_days
    from done_scopes
    inner join done_events on done_scopes.item_key = done_events.item_key

),

usual as (

    select
        scope_type,
        scope_id,
        item_level,
        count(*) as threshold_n,
        {{ percentile('flow_days', 0.85) }} as threshold_days
    from done_items
    group by scope_type, scope_id, item_level

),

running_periods as (

    select
        period_grain,
        period_start
    from {{ ref('int_periods') }}
    where not is_complete

),

small_teams as (

    select
        team_scopes.team_id,
        team_scopes.scope_id,
        team_scopes.period_grain,
        team_scopes.period_start
    from {{ ref('int_team_period_scopes') }} as team_scopes
    inner join running_periods
        on
            team_scopes.period_grain = running_periods.period_grain
            and team_scopes.period_start = running_periods.period_start
    where team_scopes.is_small

),

-- an item that two small teams share counts once in their common scope
done_in_small_teams as (

    select
        small_teams.scope_id,
        small_teams.period_grain,
        small_teams.period_start,
        done_items.item_level,
        any_value(done_items.flow_days) as flow_days
    from done_items
    inner join small_teams
        on
            done_items.scope_type = 'team'
            and done_items.scope_id = small_teams.team_id
    group by
        small_teams.scope_id, small_teams.period_grain, small_teams.period_start, done_items.item_level,
        done_items.item_key

),

windows as (

    select
        usual.scope_type,
        usual.scope_id,
        running_periods.period_grain,
        running_periods.period_start,
        usual.item_level,
        usual.threshold_n,
        usual.threshold_days
    from usual
    cross join running_periods
    left join small_teams
        on
            usual.scope_type = 'team'
            and usual.scope_id = small_teams.team_id
            and running_periods.period_grain = small_teams.period_grain
            and running_periods.period_start = small_teams.period_start
    where small_teams.team_id is null
    union all
    select
        'team' as scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        count(*) as threshold_n,
        {{ percentile('flow_days', 0.85) }} as threshold_days
    from done_in_small_teams
    group by scope_id, period_grain, period_start, item_level

),

thresholds as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level,
        threshold_n,
        case when threshold_n >= 10 then threshold_days end as threshold_days
    from windows

),

open_rows as (

    select
        *,
        weight < 1 as is_shared
    from {{ ref('int_flow_open_items') }}
    {%- if is_incremental() %}
        where
            not is_complete
            or (period_grain, period_start) in (
                select (periods.period_grain, periods.period_start)
                from {{ ref('int_flow_open_periods') }} as periods
                where
                    not exists (
                        select 1
                        from {{ this }} as built
                        where
                            {{ same_period('built', 'periods') }}
                    )
            )
    {%- endif %}

),

open_items as (

    select
        open_rows.*,
        team_scopes.scope_id as team_scope_id
    from open_rows
    left join {{ ref('int_team_period_scopes') }} as team_scopes
        on
            open_rows.team_id = team_scopes.team_id
            and open_rows.period_grain = team_scopes.period_grain
            and open_rows.period_start = team_scopes.period_start

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

),

measured as (

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

)

select
    measured.*,
    periods.values_hash
from measured
left join {{ ref('int_flow_open_periods') }} as periods
    on
        {{ same_period('measured', 'periods') }}
{%- if is_incremental() %}
    where
        not exists (
            select 1
            from {{ this }} as built
            where
                {{ same_period('built', 'measured') }}
        )
{%- endif %}
