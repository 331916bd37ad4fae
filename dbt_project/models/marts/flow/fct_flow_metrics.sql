select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    case when breakdown = 'all' then 'flow_item' else 'initiative' end as item_level,
    is_complete,
    {{ pivot_metric_values([
        'flow_velocity',
        'flow_time_p50_days',
        'flow_time_p85_days',
        'lead_time_p50_days',
        'lead_time_p85_days',
        {'metric': 'flow_efficiency', 'with': ['numerator', 'denominator']},
        'flow_efficiency_median',
        'flow_load',
        'flow_load_active',
        'flow_load_waiting',
        'arrivals',
        'departures',
        'net_flow',
        'cancelled_items',
        'skipped_items',
    ]) }}
from {{ ref('fct_metric_values') }}
where family = 'flow' and breakdown in ('all', 'level:initiative')
group by scope_type, scope_id, period_grain, period_start, breakdown, is_complete
