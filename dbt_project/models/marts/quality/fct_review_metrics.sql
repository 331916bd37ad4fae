select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    is_complete,
    {{ pivot_metric_values([
        'review_turnaround_p50_hours',
        'review_turnaround_p85_hours',
        {'metric': 'review_within_one_working_day_share', 'with': ['numerator', 'denominator']},
        {'metric': 'unreviewed_merge_rate', 'with': ['numerator', 'denominator']},
        {'metric': 'review_concentration', 'with': ['numerator', 'denominator']},
        'open_pull_requests',
        'open_pull_request_age_p50_days',
        'open_pull_request_age_p85_days',
        'pr_size_p50_lines',
        'pr_size_p85_lines'
    ]) }}
from {{ ref('fct_metric_values') }}
where family = 'delivery' and breakdown = 'all'
group by scope_type, scope_id, period_grain, period_start, is_complete
