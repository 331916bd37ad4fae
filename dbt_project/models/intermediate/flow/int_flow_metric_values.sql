{{ config(materialized='view') }}
{%- set main_breakdowns = "breakdown not like 'level:initiative/%'" %}
{%- set all_types = 'flow_item_type is null' %}
{%- set flow_items = "breakdown = 'all'" %}

{%- set item_metrics = [
    {'metric': 'flow_velocity', 'value': 'done_items', 'n': 'done_n'},
    {
        'metric': 'flow_time_p50_days', 'value': 'flow_time_p50_days', 'n': 'flow_time_n', 'floor': 5,
        'where': main_breakdowns,
    },
    {
        'metric': 'flow_time_p85_days', 'value': 'flow_time_p85_days', 'n': 'flow_time_n', 'floor': 10,
        'where': main_breakdowns,
    },
    {
        'metric': 'lead_time_p50_days', 'value': 'lead_time_p50_days', 'n': 'done_n', 'floor': 5,
        'where': main_breakdowns,
    },
    {
        'metric': 'lead_time_p85_days', 'value': 'lead_time_p85_days', 'n': 'done_n', 'floor': 10,
        'where': main_breakdowns,
    },
    {
        'metric': 'flow_efficiency', 'value': 'active_days / nullif(elapsed_days, 0)',
        'numerator': 'active_days', 'denominator': 'elapsed_days', 'n': 'efficiency_n', 'where': main_breakdowns,
    },
    {
        'metric': 'flow_efficiency_median', 'value': 'flow_efficiency_median', 'n': 'efficiency_n', 'floor': 5,
        'where': main_breakdowns,
    },
    {
        'metric': 'flow_load', 'value': 'item_days / nullif(days_over, 0)',
        'numerator': 'item_days', 'denominator': 'days_over', 'n': 'days_over',
    },
    {
        'metric': 'flow_load_active', 'value': 'active_item_days / nullif(days_over, 0)',
        'numerator': 'active_item_days', 'denominator': 'days_over', 'n': 'days_over', 'where': main_breakdowns,
    },
    {
        'metric': 'flow_load_waiting', 'value': 'waiting_item_days / nullif(days_over, 0)',
        'numerator': 'waiting_item_days', 'denominator': 'days_over', 'n': 'days_over', 'where': main_breakdowns,
    },
    {'metric': 'arrivals', 'value': 'arrived_items', 'n': 'arrived_n', 'where': main_breakdowns},
    {'metric': 'departures', 'value': 'done_items', 'n': 'done_n', 'where': main_breakdowns},
    {
        'metric': 'net_flow', 'value': 'arrived_items - done_items',
        'numerator': 'arrived_items', 'denominator': 'done_items', 'n': 'arrived_n + done_n', 'where': main_breakdowns,
    },
    {'metric': 'cancelled_items', 'value': 'cancelled_items', 'n': 'cancelled_n', 'where': main_breakdowns},
    {'metric': 'skipped_items', 'value': 'skipped_items', 'n': 'done_n', 'where': main_breakdowns},
    {
        'metric': 'skipped_share', 'value': 'skipped_items / nullif(done_items, 0)', 'numerator': 'skipped_items',
        'denominator': 'done_items', 'n': 'done_n', 'where': main_breakdowns,
    },
    {
        'metric': 'flow_distribution', 'value': 'done_items / nullif(all_done_items, 0)',
        'numerator': 'done_items', 'denominator': 'all_done_items', 'n': 'all_done_n',
        'where': 'flow_item_type is not null',
    },
    {
        'metric': 'flow_load_distribution', 'value': 'item_days / nullif(all_item_days, 0)',
        'numerator': 'item_days', 'denominator': 'all_item_days', 'n': 'days_over',
        'where': 'flow_item_type is not null',
    },
    {
        'metric': 'flow_time_p50_working_days', 'value': 'flow_time_p50_working_days', 'n': 'flow_time_n', 'floor': 5,
        'where': main_breakdowns,
    },
    {
        'metric': 'flow_time_p85_working_days', 'value': 'flow_time_p85_working_days', 'n': 'flow_time_n', 'floor': 10,
        'where': main_breakdowns,
    },
    {
        'metric': 'lead_time_p50_working_days', 'value': 'lead_time_p50_working_days', 'n': 'done_n', 'floor': 5,
        'where': main_breakdowns,
    },
    {
        'metric': 'lead_time_p85_working_days', 'value': 'lead_time_p85_working_days', 'n': 'done_n', 'floor': 10,
        'where': main_breakdowns,
    },
    {
        'metric': 'flow_load_per_capita', 'value': 'item_days / nullif(member_days, 0)',
        'numerator': 'item_days', 'denominator': 'member_days', 'n': 'days_over', 'where': all_types,
    },
    {
        'metric': 'reopen_rate', 'value': 'reopened_items / nullif(done_items, 0)', 'numerator': 'reopened_items',
        'denominator': 'done_items', 'n': 'done_n', 'quality': 'cohort_data_quality', 'where': main_breakdowns,
    },
    {
        'metric': 'backflow_rate', 'value': 'backflow_items / nullif(done_items, 0)', 'numerator': 'backflow_items',
        'denominator': 'done_items', 'n': 'done_n', 'where': main_breakdowns,
    },
    {
        'metric': 'blocked_share', 'value': 'blocked_days / nullif(blockable_days, 0)', 'numerator': 'blocked_days',
        'denominator': 'blockable_days', 'n': 'flow_time_n', 'where': main_breakdowns,
    },
    {
        'metric': 'unplanned_items', 'value': 'unplanned_items', 'n': 'arrived_n', 'where': all_types,
    },
    {
        'metric': 'unplanned_share', 'value': 'unplanned_items / nullif(arrived_items, 0)',
        'numerator': 'unplanned_items', 'denominator': 'arrived_items', 'n': 'arrived_n', 'where': all_types,
    },
    {
        'metric': 'work_item_age_p50_days', 'value': 'age_p50_days', 'n': 'open_n', 'floor': 5, 'where': all_types,
    },
    {
        'metric': 'work_item_age_p85_days', 'value': 'age_p85_days', 'n': 'open_n', 'floor': 10, 'where': all_types,
    },
    {
        'metric': 'aging_items', 'value': 'aging_items', 'n': 'open_n', 'quality': 'aging_data_quality',
        'where': all_types,
    },
    {
        'metric': 'sprint_say_do_rate', 'value': 'kept_items / nullif(committed_items, 0)', 'numerator': 'kept_items',
        'denominator': 'committed_items', 'n': 'committed_n', 'where': "breakdown not like 'level:initiative%'",
    },
    {
        'metric': 'cost_of_delay', 'value': 'cost_of_delay', 'n': 'cost_of_delay_n', 'where': all_types,
    },
    {
        'metric': 'dependency_wait_days', 'value': 'dependency_wait_days', 'n': 'dependency_wait_n', 'where': all_types,
    },
    {
        'metric': 'cross_team_dependency_share', 'value': 'dependent_items / nullif(arrived_items, 0)',
        'numerator': 'dependent_items', 'denominator': 'arrived_items', 'n': 'arrived_n', 'where': all_types,
    },
    {
        'metric': 'flow_stability_ratio',
        'value': '(item_days / nullif(days_over, 0)) / nullif(done_items / nullif(days_over, 0) * mean_flow_days, 0)',
        'numerator': 'item_days / nullif(days_over, 0)',
        'denominator': 'done_items / nullif(days_over, 0) * mean_flow_days', 'n': 'flow_time_n', 'floor': 5,
        'where': all_types,
    },
    {
        'metric': 'escaped_defects', 'value': 'escaped_defects', 'n': 'found_defects_n',
        'quality': 'escaped_data_quality', 'where': flow_items,
    },
    {
        'metric': 'escaped_defect_rate', 'value': 'escaped_defects / nullif(done_items, 0)',
        'numerator': 'escaped_defects', 'denominator': 'done_items', 'n': 'done_n', 'quality': 'escaped_data_quality',
        'where': flow_items,
    },
    {
        'metric': 'escaped_defect_share', 'value': 'escaped_defects / nullif(found_defects, 0)',
        'numerator': 'escaped_defects', 'denominator': 'found_defects', 'n': 'found_defects_n',
        'quality': 'escaped_data_quality', 'where': flow_items,
    },
    {
        'metric': 'reopened_defect_rate', 'value': 'reopened_defects / nullif(done_defects, 0)',
        'numerator': 'reopened_defects', 'denominator': 'done_defects', 'n': 'done_defects_n',
        'quality': 'cohort_data_quality', 'where': flow_items,
    },
] %}
{%- set stage_metrics = [
    {
        'metric': 'stage_time_share', 'value': 'coalesce(stage_days, 0) / nullif(all_stage_days, 0)',
        'numerator': 'coalesce(stage_days, 0)',
        'denominator': 'all_stage_days', 'n': 'stage_n',
    },
    {'metric': 'stage_time_p50_days', 'value': 'stage_p50_days', 'n': 'stage_n', 'floor': 5},
    {'metric': 'stage_time_p85_days', 'value': 'stage_p85_days', 'n': 'stage_n', 'floor': 10},
    {'metric': 'stage_arrivals', 'value': 'arrivals', 'n': 'ceil(arrivals)'},
    {'metric': 'stage_departures', 'value': 'departures', 'n': 'ceil(departures)'},
    {
        'metric': 'stage_queue_growth', 'value': 'arrivals - departures', 'numerator': 'arrivals',
        'denominator': 'departures', 'n': 'ceil(arrivals + departures)',
    },
    {'metric': 'stage_backlog', 'value': 'backlog_items', 'n': 'ceil(backlog_items)'},
] %}
{%- set rank_metrics = [{'metric': 'bottleneck_rank', 'value': 'bottleneck_rank', 'n': 'stage_n'}] %}

with items as (

    {{ with_previous_values(ref('int_flow_aggregates'), item_metrics) }}

),

stages as (

    {{ with_previous_values(ref('int_flow_stage_aggregates'), stage_metrics) }}

),

ranked_stages as (

    select *
    from {{ ref('int_flow_stage_aggregates') }}
    where bottleneck_rank is not null

),

ranks as (

    {{ with_previous_values('ranked_stages', rank_metrics) }}

)

{{ metric_rows('items', item_metrics, with_previous=true) }}

union all

{{ metric_rows('stages', stage_metrics, with_previous=true) }}

union all

{{ metric_rows('ranks', rank_metrics, with_previous=true) }}
