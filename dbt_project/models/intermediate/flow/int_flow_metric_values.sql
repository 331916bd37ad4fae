{%- set main_breakdowns = "breakdown not like 'level:initiative/%'" %}

{{ metric_rows(ref('int_flow_aggregates'), [
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
        'metric': 'flow_distribution', 'value': 'done_items / nullif(all_done_items, 0)',
        'numerator': 'done_items', 'denominator': 'all_done_items', 'n': 'all_done_n',
        'where': 'flow_item_type is not null',
    },
    {
        'metric': 'flow_load_distribution', 'value': 'item_days / nullif(all_item_days, 0)',
        'numerator': 'item_days', 'denominator': 'all_item_days', 'n': 'days_over',
        'where': 'flow_item_type is not null',
    },
]) }}
