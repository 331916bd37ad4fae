select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    is_complete,
    {{ pivot_metric_values([
        {'metric': 'ci_success_rate', 'with': ['numerator', 'denominator']},
        {'metric': 'ci_flaky_share', 'with': ['numerator', 'denominator']},
        'ci_duration_p50_minutes',
        'ci_duration_p85_minutes',
        'ci_rerun_hours'
    ]) }}
from {{ ref('fct_metric_values') }}
where family = 'ci' and breakdown = 'all'
group by scope_type, scope_id, period_grain, period_start, is_complete
