-- dependencies: links that block across teams, with waiting days; cost of delay
create temp table links as
select
    *,
    regexp_extract(coalesce(new_text, old_text), '[A-Z]+-[0-9]+$') as other_key,
    lead(moment, 1, 253402214400000) over (partition by item, coalesce(new, old) order by moment, history) as ends
from rare_histories
where field = 'Link' and coalesce(new_text, old_text) like '%is blocked by%';
create table flow.fct_dependencies as
select
    'jira:' || links.item as item_key,
    'jira:' || others.item as blocking_item_key,
    any_value(own.team) as team_id,
    any_value(theirs.team) as blocking_team_id,
    any_value(own.value_stream) as value_stream_id,
    any_value(theirs.value_stream) as blocking_value_stream_id,
    make_timestamp(any_value(links.moment) * 1000) as linked_at,
    coalesce(sum(greatest(0, least(links.ends, intervals.ends, coalesce(other_items.done, other_items.cancelled, now))
        - greatest(links.moment, intervals.starts))) filter (where intervals.item is not null), 0) / 86400000.0
        as wait_days
from links
inner join issues as others on links.other_key = others.issue_key
inner join items as other_items on others.item = other_items.item
inner join item_homes as own on links.item = own.item
inner join item_homes as theirs on others.item = theirs.item
cross join clock
left join intervals
    on links.item = intervals.item and intervals.state = 'waiting' and not intervals.is_after_done
    and intervals.ends > links.moment and intervals.starts < links.ends
where links.new is not null and (own.team != theirs.team or own.value_stream != theirs.value_stream)
group by links.item, others.item;
create table flow.fct_cost_of_delay as
select
    'jira:' || issues.item as item_key,
    issues.issue_key as item_number,
    item_homes.item_level,
    item_homes.flow_item_type,
    item_homes.team as team_id,
    item_homes.value_stream as value_stream_id,
    items.state as flow_state,
    make_timestamp(items.done * 1000) as done_at,
    issues.cost_of_delay as cost_of_delay_per_week,
    items.waiting_seconds / 604800.0 as waiting_weeks,
    issues.cost_of_delay * items.waiting_seconds / 604800.0 as cost_of_delay
from issues
inner join items on issues.item = items.item
inner join item_homes on issues.item = item_homes.item
where issues.cost_of_delay is not null;
-- forecasts: 10,000 draws of 90 days for each scope
create temp table throughput as
select
    scope_type,
    scope_id,
    list(coalesce(items, 0.0) order by day) as items
from (select distinct scope_type, scope_id from profile_scopes) as scopes
cross join (
    select day
    from days
    where day >= (select max(day) from days) - 60 and day < (select max(day) from days)
) as sampled
left join (
    select profile_scopes.scope_type, profile_scopes.scope_id, events.day, sum(weight)::double as items
    from events
    inner join profile_scopes
        on
        events.profile = profile_scopes.profile
        and events.day >= profile_scopes.starts
        and events.day < profile_scopes.ends
    where events.event = 'done' and events.item_level = 'flow_item'
    group by all
) as daily using (scope_type, scope_id, day)
group by scope_type, scope_id;
create table flow.fct_flow_forecasts as
select
    scope_type,
    scope_id,
    {day_quantiles}
from {day_totals}
group by scope_type, scope_id;
-- metrics: the wide tables, and every value as a row
create temp table scope_periods as
select distinct
    scopes.scope_type,
    scopes.scope_id,
    day_periods.period_grain,
    day_periods.period_start,
    levels.item_level,
    types.flow_item_type,
    coalesce(types.flow_item_type, '') as type
from (
    select distinct scope_type, scope_id
    from profile_scopes
    where scope_id not in (select team from small_teams)
) as scopes
cross join period_ends as day_periods
cross join (values ('flow_item'), ('initiative')) as levels (item_level)
cross join (values (null), ('feature'), ('defect'), ('risk'), ('debt')) as types (flow_item_type);
create temp table metrics as
select
    spine.*,
    item_level || coalesce('/' || flow_item_type, '') as breakdown,
    coalesce(done_items, 0)::double as flow_velocity,
    case when flow_n >= 5 then flow_days[1] end as flow_time_p50_days,
    case when flow_n >= 10 then flow_days[2] end as flow_time_p85_days,
    case when done_n >= 5 then lead_days[1] end as lead_time_p50_days,
    case when done_n >= 10 then lead_days[2] end as lead_time_p85_days,
    case when flow_n >= 5 then flow_working_days[1] end as flow_time_p50_working_days,
    case when flow_n >= 10 then flow_working_days[2] end as flow_time_p85_working_days,
    case when done_n >= 5 then lead_working_days[1] end as lead_time_p50_working_days,
    case when done_n >= 10 then lead_working_days[2] end as lead_time_p85_working_days,
    active / nullif(active + waiting, 0) as flow_efficiency,
    case when efficiency_n >= 5 then efficiency_median end as flow_efficiency_median,
    (item_days / days_over)::double as flow_load,
    (active_item_days / days_over)::double as flow_load_active,
    (waiting_item_days / days_over)::double as flow_load_waiting,
    coalesce(arrivals, 0)::double as arrivals,
    coalesce(done_items, 0)::double as departures,
    (coalesce(arrivals, 0) - coalesce(done_items, 0))::double as net_flow,
    (coalesce(reopened_items, 0) / done_items)::double as reopen_rate,
    (coalesce(backflow_items, 0) / done_items)::double as backflow_rate,
    blocked / nullif(flow_days_sum * 86400, 0) as blocked_share,
    coalesce(unplanned_items, 0)::double as unplanned_items,
    (coalesce(unplanned_items, 0) / arrivals)::double as unplanned_share,
    coalesce(cancelled_items, 0)::double as cancelled_items,
    coalesce(skipped_items, 0)::double as skipped_items,
    case when open_n >= 5 then ages[1] end as work_item_age_p50_days,
    case when open_n >= 10 then ages[2] end as work_item_age_p85_days,
    aging_items::double as aging_items,
    (done_items / sum(done_items) filter (where flow_item_type is not null) over cell)::double as flow_distribution,
    (item_days / sum(item_days) filter (where flow_item_type is not null) over cell)::double as flow_load_distribution,
    (item_days / nullif(done_items * flow_days_mean, 0))::double as flow_stability_ratio,
    flow_n,
    done_n
from scope_periods as spine
left join completions using (scope_type, scope_id, period_grain, period_start, item_level, type)
left join counts using (scope_type, scope_id, period_grain, period_start, item_level, type)
left join loads using (scope_type, scope_id, period_grain, period_start, item_level, type)
left join age_aggregates using (scope_type, scope_id, period_grain, period_start, item_level, type)
left join period_days using (period_grain, period_start)
window cell as (partition by scope_type, scope_id, period_grain, period_start, item_level);
create table flow.fct_flow_metrics as
select * exclude (type, breakdown, flow_item_type, flow_distribution, flow_load_distribution)
from metrics
where type = '';
create table flow.fct_flow_distribution as
select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    item_level,
    flow_item_type,
    flow_velocity,
    flow_distribution,
    flow_load,
    flow_load_distribution
from metrics
where type != '';
create table flow.fct_flow_stability as
select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    item_level,
    flow_load,
    flow_velocity,
    flow_stability_ratio,
    case when flow_stability_ratio > 1.25 then 'load_grows' when flow_stability_ratio < 0.8 then 'load_drains'
        when flow_stability_ratio is not null then 'stable' end as stability
from flow.fct_flow_metrics;
create schema core;
create temp table metric_rows as
unpivot (select * exclude (type, flow_item_type, item_level) from metrics)
on columns(* exclude (scope_type, scope_id, period_grain, period_start, breakdown, flow_n, done_n))
into name metric value value;
insert into metric_rows by name
unpivot (
    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        item_level || '/' || stage as breakdown,
        stage_time_share::double as stage_time_share,
        quantiles[1] as stage_time_p50_days,
        quantiles[2] as stage_time_p85_days,
        arrivals::double as stage_arrivals,
        departures::double as stage_departures,
        (arrivals - departures)::double as stage_queue_growth,
        backlog::double as stage_backlog,
        n as flow_n,
        n as done_n
    from flow.fct_flow_stages
)
on columns(* exclude (scope_type, scope_id, period_grain, period_start, breakdown, flow_n, done_n))
into name metric value value;
create table core.fct_metric_values as
select
    *,
    lag(value) over (partition by metric, scope_type, scope_id, period_grain, breakdown order by period_start)
        as previous_value
from metric_rows;
