select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    is_complete,
    {{ pivot_metric_values([
        {'metric': 'deployment_frequency', 'with': ['numerator', 'denominator']},
        'deployment_frequency_service_median',
        'aborted_deployments',
        'change_lead_time_p50_hours',
        'change_lead_time_p85_hours',
        'merge_to_deploy_p50_hours',
        'merge_to_deploy_p85_hours',
        'coding_p50_hours',
        'coding_p85_hours',
        'pickup_p50_hours',
        'pickup_p85_hours',
        'review_p50_hours',
        'review_p85_hours',
        'merged_changes',
        'undeployed_changes',
        'incidents',
        'incident_restore_p50_hours',
        'incident_restore_p85_hours',
        'failed_deployments',
        {'metric': 'change_fail_rate', 'with': ['numerator', 'denominator']},
        {'metric': 'change_fail_rate_explicit', 'with': ['numerator', 'denominator']},
        'failed_deployment_recovery_p50_hours',
        'failed_deployment_recovery_p85_hours',
        {'metric': 'deployment_rework_rate', 'with': ['numerator', 'denominator']}
    ]) }}
from {{ ref('fct_metric_values') }}
where family = 'delivery' and breakdown = 'all'
group by scope_type, scope_id, period_grain, period_start, is_complete
