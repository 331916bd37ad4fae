select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    case when breakdown like 'level:initiative/%' then 'initiative' else 'flow_item' end as item_level,
    replace(replace(breakdown, 'level:initiative/', ''), 'type:', '') as flow_item_type,
    is_complete,
    {{ pivot_metric_values([
        'flow_velocity',
        {'metric': 'flow_distribution', 'with': ['numerator', 'denominator']},
        'flow_load',
        {'metric': 'flow_load_distribution', 'with': ['numerator', 'denominator']},
    ]) }}
from {{ ref('fct_metric_values') }}
where family = 'flow' and breakdown like '%type:%'
group by scope_type, scope_id, period_grain, period_start, breakdown, is_complete
