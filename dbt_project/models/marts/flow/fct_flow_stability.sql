{%- set metrics = [
    'flow_load',
    'flow_velocity',
    {'metric': 'flow_stability_ratio', 'with': ['numerator', 'denominator']},
] %}

with metrics as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        case when breakdown = 'all' then 'flow_item' else 'initiative' end as item_level,
        is_complete,
        {{ pivot_metric_values(metrics) }}
    from {{ ref('fct_metric_values') }}
    where family = 'flow' and breakdown in ('all', 'level:initiative') and {{ is_pivoted(metrics) }}
    group by scope_type, scope_id, period_grain, period_start, breakdown, is_complete

)

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    item_level,
    is_complete,
    flow_load,
    flow_load_n,
    flow_load_data_quality,
    flow_velocity,
    flow_velocity_n,
    flow_velocity_data_quality,
    flow_stability_ratio_denominator as expected_flow_load,
    flow_stability_ratio,
    flow_stability_ratio_n,
    flow_stability_ratio_data_quality,
    case
        when period_grain = 'week' then null
        when flow_stability_ratio > 1.25 then 'load_grows'
        when flow_stability_ratio < 0.8 then 'load_drains'
        when flow_stability_ratio is not null then 'stable'
    end as stability
from metrics
