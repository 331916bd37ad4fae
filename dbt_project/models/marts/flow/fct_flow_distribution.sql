{%- set metrics = [
    'flow_velocity',
    {'metric': 'flow_distribution', 'with': ['numerator', 'denominator']},
    'flow_load',
    {'metric': 'flow_load_distribution', 'with': ['numerator', 'denominator']},
] %}

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    case when breakdown like 'level:initiative/%' then 'initiative' else 'flow_item' end as item_level,
    replace(replace(breakdown, 'level:initiative/', ''), 'type:', '') as flow_item_type,
    is_complete,
    {{ pivot_metric_values(metrics) }}
from {{ ref('fct_metric_values') }}
where family = 'flow' and breakdown like '%type:%' and {{ is_pivoted(metrics) }}
group by scope_type, scope_id, period_grain, period_start, breakdown, is_complete
