select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    replace(breakdown, 'severity:', '') as severity,
    is_complete,
    {{ pivot_metric_values([
        'security_findings_opened',
        'security_remediation_p50_days',
        'security_remediation_p85_days',
        {'metric': 'security_sla_rate', 'with': ['numerator', 'denominator']},
        'open_security_findings',
        'open_security_finding_age_p50_days',
        'open_security_finding_age_p85_days',
        'overdue_security_findings',
        {'metric': 'security_defect_rate', 'with': ['numerator', 'denominator']},
        {'metric': 'security_defect_rate_per_100_deployments', 'with': ['numerator', 'denominator']}
    ]) }}
from {{ ref('fct_metric_values') }}
where family = 'security'
group by scope_type, scope_id, period_grain, period_start, breakdown, is_complete
