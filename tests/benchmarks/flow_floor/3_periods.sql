-- period_metrics: done, started, cancelled by scope, period, level and type
create temp table done_rows as
select
    profile_scopes.scope_type,
    profile_scopes.scope_id,
    profile_scopes.weight,
    days.week,
    days.month,
    days.quarter,
    events.item_level,
    events.flow_item_type,
    items.done,
    items.started is null as is_skipped,
    (items.done - items.started) / 86400000.0 as flow_days,
    (items.done - items.created) / 86400000.0 as lead_days,
    case when items.started is not null then items.flow_working_seconds / 28800.0 end as flow_working_days,
    items.lead_working_seconds / 28800.0 as lead_working_days,
    coalesce(items.active_seconds, 0) as active,
    coalesce(items.waiting_seconds, 0) as waiting,
    case when items.started is not null then items.blocked_seconds end as blocked,
    items.is_backflow,
    items.reopened <= items.done + 30 * 86400000::bigint as is_reopened
from events
inner join items on events.item = items.item
inner join days on events.day = days.day
inner join profile_scopes
    on
        events.profile = profile_scopes.profile
        and events.day >= profile_scopes.starts
        and events.day < profile_scopes.ends
where events.event = 'done';
create temp table completions as
select
    scope_type,
    scope_id,
    case when week is not null then 'week' when month is not null then 'month' else 'quarter' end as period_grain,
    coalesce(week, month, quarter) as period_start,
    item_level,
    coalesce(flow_item_type, '') as type,
    sum(weight) as done_items,
    count(*) as done_n,
    sum(weight) filter (where is_skipped) as skipped_items,
    sum(weight) filter (where is_reopened) as reopened_items,
    sum(weight) filter (where is_backflow) as backflow_items,
    count(flow_days) as flow_n,
    quantile_cont(flow_days, [0.5, 0.85]) as flow_days,
    quantile_cont(lead_days, [0.5, 0.85]) as lead_days,
    quantile_cont(flow_working_days, [0.5, 0.85]) as flow_working_days,
    quantile_cont(lead_working_days, [0.5, 0.85]) as lead_working_days,
    avg(flow_days) as flow_days_mean,
    sum(active) as active,
    sum(waiting) as waiting,
    sum(blocked) as blocked,
    sum(flow_days) as flow_days_sum,
    count(*) filter (where active + waiting > 0) as efficiency_n,
    quantile_cont(active / nullif(active + waiting, 0), 0.5) as efficiency_median
from done_rows
group by grouping sets (
    (scope_type, scope_id, item_level, week), (scope_type, scope_id, item_level, week, flow_item_type),
    (scope_type, scope_id, item_level, month), (scope_type, scope_id, item_level, month, flow_item_type),
    (scope_type, scope_id, item_level, quarter), (scope_type, scope_id, item_level, quarter, flow_item_type)
);
create temp table counts as
select
    scope_type,
    scope_id,
    case when week is not null then 'week' when month is not null then 'month' else 'quarter' end as period_grain,
    coalesce(week, month, quarter) as period_start,
    item_level,
    coalesce(flow_item_type, '') as type,
    sum(weight) filter (where event = 'started') as arrivals,
    sum(weight) filter (where event = 'started' and unplanned.item is not null) as unplanned_items,
    count(*) filter (where event = 'started') as arrivals_n,
    sum(weight) filter (where event = 'cancelled') as cancelled_items,
    count(*) filter (where event = 'cancelled') as cancelled_n
from events
inner join days on events.day = days.day
inner join profile_scopes
    on
        events.profile = profile_scopes.profile
        and events.day >= profile_scopes.starts
        and events.day < profile_scopes.ends
left join unplanned on events.item = unplanned.item
where event in ('started', 'cancelled')
group by grouping sets (
    (scope_type, scope_id, item_level, week), (scope_type, scope_id, item_level, week, flow_item_type),
    (scope_type, scope_id, item_level, month), (scope_type, scope_id, item_level, month, flow_item_type),
    (scope_type, scope_id, item_level, quarter), (scope_type, scope_id, item_level, quarter, flow_item_type)
);
-- loads: daily changes by what shares scopes and type, running totals, then scopes
create temp table kinds as
select
    profile_types.profile,
    dense_rank() over (order by segments.signature, flow_item_type, item_level) as kind,
    flow_item_type,
    item_level
from profile_types
inner join (
    select
        profile,
        string_agg(
            concat_ws('|', scope_type, scope_id, weight, starts, ends), ';' order by scope_type, scope_id, starts
        ) as signature
    from profile_scopes
    group by profile
) as segments using (profile)
where item_level in ('flow_item', 'initiative');
create temp table kind_scopes as
select distinct
    kinds.kind,
    kinds.flow_item_type,
    kinds.item_level,
    profile_scopes.* exclude (profile)
from kinds
inner join profile_scopes using (profile);
create temp table changes as
with stays as (
    select
        kinds.kind,
        intervals.state,
        intervals.stage,
        greatest(intervals.starts, homes.starts) // 3600000 as first_hour,
        least(intervals.ends, homes.ends) // 3600000 as end_hour
    from intervals
    inner join homes on intervals.item = homes.item and intervals.starts < homes.ends and intervals.ends > homes.starts
    inner join kinds on homes.profile = kinds.profile
),

hourly as (
    select
        first_hour as hour,
        kind,
        state,
        stage,
        count(*) as change,
        count(*) as entries
    from stays
    group by all
    union all
    select
        end_hour,
        kind,
        state,
        stage,
        -count(*),
        0
    from stays
    where end_hour < 9000000
    group by all
)

select
    day,
    kind,
    state,
    stage,
    sum(change) as change
from hourly
inner join hours using (hour)
group by all;
create temp table scope_changes as
select
    greatest(changes.day, moved.day) as day,
    kind_scopes.scope_type,
    kind_scopes.scope_id,
    kind_scopes.item_level,
    kind_scopes.flow_item_type,
    changes.state,
    changes.stage,
    sum(changes.change * kind_scopes.weight * moved.sign) as change
from changes
inner join kind_scopes on changes.kind = kind_scopes.kind and changes.day < kind_scopes.ends
cross join lateral (
    select kind_scopes.starts as day, 1 as sign
    union all
    select kind_scopes.ends, -1
) as moved
where moved.day < date '9999-12-31'
group by all;
-- load_marts: work in progress, cumulative flow and loads of a period
create table flow.fct_work_in_progress as
with daily as (
    select day, scope_type, scope_id, item_level, flow_item_type, state, sum(change) as change
    from scope_changes
    where state in ('active', 'waiting')
    group by all
)

select
    places.scope_type,
    places.scope_id,
    days.day as date_day,
    places.item_level,
    places.flow_item_type,
    places.state as flow_state,
    sum(coalesce(daily.change, 0)) over (
        partition by places.scope_type, places.scope_id, places.item_level, places.flow_item_type, places.state
        order by days.day
    ) as items
from (select distinct scope_type, scope_id, item_level, flow_item_type, state from daily) as places
cross join days
left join daily
    on
        days.day = daily.day
        and places.scope_type = daily.scope_type
        and places.scope_id = daily.scope_id
        and places.item_level = daily.item_level
        and places.flow_item_type = daily.flow_item_type
        and places.state = daily.state;
create temp table first_entries as
select
    hours.day,
    profile_scopes.scope_type,
    profile_scopes.scope_id,
    profile_types.item_level,
    entries.state,
    sum(profile_scopes.weight) as items
from (
    select
        item,
        state,
        min(first_entered) as moment
    from item_statuses
    group by item, state
) as entries
inner join hours on entries.moment // 3600000 = hours.hour
inner join homes on entries.item = homes.item and entries.moment >= homes.starts and entries.moment < homes.ends
inner join profile_types on homes.profile = profile_types.profile
inner join profile_scopes
    on homes.profile = profile_scopes.profile and hours.day >= profile_scopes.starts and hours.day < profile_scopes.ends
where profile_types.item_level in ('flow_item', 'initiative')
group by all;
create table flow.fct_cumulative_flow as
select
    places.scope_type,
    places.scope_id,
    days.day as date_day,
    places.item_level,
    places.state as flow_state,
    sum(coalesce(stock.change, 0)) over place::double as items,
    coalesce(first_entries.items, 0)::double as entered_items
from (select distinct scope_type, scope_id, item_level, state from first_entries) as places
cross join days
left join first_entries
    on
        days.day = first_entries.day
        and places.scope_type = first_entries.scope_type
        and places.scope_id = first_entries.scope_id
        and places.item_level = first_entries.item_level
        and places.state = first_entries.state
left join (
    select day, scope_type, scope_id, item_level, state, sum(change) as change
    from scope_changes
    group by all
) as stock
    on
        days.day = stock.day
        and places.scope_type = stock.scope_type
        and places.scope_id = stock.scope_id
        and places.item_level = stock.item_level
        and places.state = stock.state
window place as (
    partition by places.scope_type, places.scope_id, places.item_level, places.state
    order by days.day
);
create temp table day_periods as
select day, 'week' as period_grain, week as period_start, is_over from days
union all
select day, 'month', month, is_over from days
union all
select day, 'quarter', quarter, is_over from days;
create temp table loads as
select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    item_level,
    coalesce(flow_item_type, '') as type,
    sum(items) as item_days,
    sum(items) filter (where flow_state = 'active') as active_item_days,
    sum(items) filter (where flow_state = 'waiting') as waiting_item_days
from flow.fct_work_in_progress
inner join day_periods on fct_work_in_progress.date_day = day_periods.day
where is_over
group by grouping sets (
    (scope_type, scope_id, period_grain, period_start, item_level),
    (scope_type, scope_id, period_grain, period_start, item_level, flow_item_type)
);
create temp table period_days as
select period_grain, period_start, count(*) as days_over
from day_periods
where is_over
group by all;
