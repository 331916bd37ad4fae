select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    is_complete,
    {{ pivot_metric_values([
        'escaped_defects',
        {'metric': 'escaped_defect_rate', 'with': ['numerator', 'denominator']},
        {'metric': 'escaped_defect_share', 'with': ['numerator', 'denominator']},
        {'metric': 'reopened_defect_rate', 'with': ['numerator', 'denominator']}
    ]) }}
from {{ ref('fct_metric_values') }}
where family = 'flow' and breakdown = 'all'
group by scope_type, scope_id, period_grain, period_start, is_complete
