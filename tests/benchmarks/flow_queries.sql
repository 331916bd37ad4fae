-- a team's quarter: every metric
select *
from flow.fct_flow_metrics
where scope_type = 'team' and scope_id = 'team-07' and period_grain = 'quarter' and item_level = 'flow_item'
order by period_start;
-- flow time of a team, twelve months
select period_start, flow_time_p50_days, flow_time_p85_days, flow_time_p50_days_n
from flow.fct_flow_metrics
where
    scope_type = 'team' and scope_id = 'team-12' and period_grain = 'month' and item_level = 'flow_item'
    and period_start >= date '2025-07-01'
order by period_start;
-- velocity of all teams, last full month
select scope_id, flow_velocity, flow_time_p85_days, flow_efficiency
from flow.fct_flow_metrics
where scope_type = 'team' and period_grain = 'month' and period_start = date '2026-06-01' and item_level = 'flow_item'
order by flow_velocity desc;
-- efficiency of the value streams, by week over a year
select scope_id, period_start, flow_efficiency, flow_efficiency_numerator, flow_efficiency_denominator
from flow.fct_flow_metrics
where
    scope_type = 'value_stream' and period_grain = 'week' and item_level = 'flow_item'
    and period_start >= date '2025-07-01'
order by scope_id, period_start;
-- arrivals against departures of the organisation
select period_start, arrivals, departures, net_flow, flow_load
from flow.fct_flow_metrics
where scope_type = 'organization' and period_grain = 'week' and item_level = 'flow_item' and is_complete
order by period_start;
-- distribution of a value stream, by quarter
select period_start, flow_item_type, flow_distribution, flow_load_distribution
from flow.fct_flow_distribution
where scope_type = 'value_stream' and scope_id = 'stream-03' and period_grain = 'quarter' and item_level = 'flow_item'
order by period_start, flow_item_type;
-- bottlenecks now: the first stage of each team
select scope_id, stage, stage_time_share, stage_queue_growth, stage_backlog, periods_first, evidence
from flow.fct_flow_stages
where scope_type = 'team' and period_grain = 'month' and period_start = date '2026-06-01' and bottleneck_rank = 1
order by stage_time_share desc;
-- stage ranking of the organisation over a year
select period_start, stage, bottleneck_rank, stage_time_share, stage_time_p85_days
from flow.fct_flow_stages
where
    scope_type = 'organization' and period_grain = 'month' and item_level = 'flow_item'
    and period_start >= date '2025-07-01'
order by period_start, bottleneck_rank;
-- cumulative flow of a team, half a year
select date_day, flow_state, items, sum(entered_items) over (partition by flow_state order by date_day) as entered
from flow.fct_cumulative_flow
where scope_type = 'team' and scope_id = 'team-04' and item_level = 'flow_item' and date_day >= date '2026-01-01'
order by date_day, flow_state;
-- cumulative flow of the organisation, two years
select date_day, flow_state, items
from flow.fct_cumulative_flow
where scope_type = 'organization' and item_level = 'flow_item'
order by date_day, flow_state;
-- work in progress of a value stream by type, by day over a quarter
select date_day, flow_item_type, sum(items) as items
from flow.fct_work_in_progress
where scope_type = 'value_stream' and scope_id = 'stream-05' and date_day >= date '2026-04-01'
group by date_day, flow_item_type
order by date_day, flow_item_type;
-- oldest open items of a team
select item_number, status, age_days, days_in_status, is_blocked, source_url
from flow.fct_work_item_age
where team_id = 'team-09' and item_level = 'flow_item'
order by age_days desc
limit 20;
-- items older than usual, by team
select team_id, count(*) as items, max(age_days) as oldest
from flow.fct_work_item_age
where is_older_than_usual
group by team_id
order by items desc;
-- a team's sprints
select sprint_id, started_at, committed_items, completed_committed_items, added_items, carried_items, say_do_rate
from flow.fct_sprints
where team_id = 'team-10'
order by started_at desc
limit 12;
-- when will 30 items be done, for each team
select scope_id, date_p50, date_p85, date_p95
from flow.fct_flow_forecasts
where scope_type = 'team' and question = 'when' and items = 30
order by date_p85;
-- open dependencies between teams
select team_id, blocking_team_id, count(*) as links, sum(wait_days) as wait_days
from flow.fct_dependencies
where is_open
group by team_id, blocking_team_id
order by wait_days desc nulls last
limit 20;
-- stability of the teams, last quarter
select scope_id, flow_load, expected_flow_load, flow_stability_ratio, stability
from flow.fct_flow_stability
where scope_type = 'team' and period_grain = 'quarter' and period_start = date '2026-04-01' and item_level = 'flow_item'
order by flow_stability_ratio desc nulls last;
-- cost of delay of a value stream's open items
select item_number, cost_of_delay_per_week, waiting_weeks, cost_of_delay
from flow.fct_cost_of_delay
where value_stream_id = 'stream-02' and done_at is null
order by cost_of_delay desc
limit 20;
-- drill-through: a team's slowest items of a month
select item_number, flow_item_type, flow_time_days, active_days, waiting_days, source_url
from flow.fct_flow_items
where team_id = 'team-15' and done_at >= timestamp '2026-05-01' and done_at < timestamp '2026-06-01'
order by flow_time_days desc nulls last
limit 25;
-- one metric with its quality and the period before
select scope_id, period_start, value, n, data_quality, previous_value
from core.fct_metric_values
where
    metric = 'flow_time_p85_days' and scope_type = 'team' and period_grain = 'month' and breakdown = 'all'
    and period_start >= date '2025-07-01'
order by scope_id, period_start;
