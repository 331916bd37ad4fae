select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    is_complete,
    {{ pivot_metric_values([
        {'metric': 'feature_factory_ratio', 'with': ['numerator', 'denominator']},
        {'metric': 'feature_factory_ratio_started', 'with': ['numerator', 'denominator']},
        {'metric': 'intent_before_execution_rate', 'with': ['numerator', 'denominator']},
        {'metric': 'work_without_outcome_share', 'with': ['numerator', 'denominator']},
        {'metric': 'orphan_share', 'with': ['numerator', 'denominator']},
        {'metric': 'outcome_type_stated_share', 'with': ['numerator', 'denominator']},
        {'metric': 'outcome_review_rate', 'with': ['numerator', 'denominator']},
        'outcome_reviews_overdue',
        'outcome_review_lag_p50_days',
        'outcome_review_lag_p85_days',
        {'metric': 'outcome_hit_rate', 'with': ['numerator', 'denominator']},
        {'metric': 'debt_with_purpose_rate', 'with': ['numerator', 'denominator']},
    ]) }}
from {{ ref('fct_metric_values') }}
where
    family = 'outcomes'
    and breakdown = 'all'
group by scope_type, scope_id, period_grain, period_start, is_complete
