select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    is_complete,
    {{ pivot_metric_values([
        {'metric': 'feature_factory_ratio', 'with': ['numerator', 'denominator']},
        {'metric': 'feature_factory_ratio_started', 'with': ['numerator', 'denominator']},
    ]) }}
from {{ ref('fct_metric_values') }}
where family = 'outcomes' and breakdown = 'all'
group by scope_type, scope_id, period_grain, period_start, is_complete
