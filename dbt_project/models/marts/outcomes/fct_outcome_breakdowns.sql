select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    is_complete,
    metric,
    split_part(breakdown, ':', 2) as category,
    value,
    numerator,
    denominator,
    n,
    data_quality
from {{ ref('fct_metric_values') }}
where metric in ('outcome_type_share', 'outcome_verdicts')
