{%- set metrics = [
    {'metric': 'deployment_frequency', 'value': 'deployments / elapsed_days', 'numerator': 'deployments',
     'denominator': 'elapsed_days', 'n': 'deployments', 'quality': 'deployment_quality'},
    {'metric': 'deployment_frequency_service_median', 'value': 'deployment_frequency_service_median',
     'n': 'deploying_services', 'quality': 'deployment_quality'},
    {'metric': 'failed_deployments', 'value': 'failed_deployments', 'n': 'failed_deployments',
     'quality': 'failure_quality'},
    {'metric': 'aborted_deployments', 'value': 'aborted_deployments', 'n': 'aborted_deployments',
     'quality': 'deployment_quality'},
    {'metric': 'merged_changes', 'value': 'merged_changes', 'n': 'merges_count', 'quality': 'change_quality'},
    {'metric': 'undeployed_changes', 'value': 'undeployed_changes', 'n': 'undeployed_n',
     'quality': 'deployment_quality'},
    {'metric': 'unreviewed_merge_rate', 'value': 'unreviewed_merges / reviewable_merges', 'numerator': 'unreviewed_merges',
     'denominator': 'reviewable_merges', 'n': 'reviewable_n', 'quality': 'change_quality'},
    {'metric': 'review_within_one_working_day_share', 'value': 'prompt_reviews / first_reviews', 'numerator': 'prompt_reviews',
     'denominator': 'first_reviews', 'n': 'prompt_review_n', 'quality': 'change_quality'},
    {'metric': 'review_concentration', 'value': 'busiest_reviews / reviews_n', 'numerator': 'busiest_reviews',
     'denominator': 'reviews_n', 'n': 'reviews_n', 'quality': 'reviewer_quality'},
    {'metric': 'open_pull_requests', 'value': 'open_pull_requests', 'n': 'open_pull_request_age_n', 'quality': 'change_quality'},
    {'metric': 'incidents', 'value': 'incidents', 'n': 'incidents_n', 'quality': 'incident_quality'},
    {'metric': 'change_fail_rate', 'value': 'failed_deployments / nullif(deployments, 0)', 'numerator': 'failed_deployments',
     'denominator': 'deployments', 'n': 'deployments', 'quality': 'failure_quality'},
    {'metric': 'change_fail_rate_explicit', 'value': 'explicitly_failed_deployments / nullif(deployments, 0)',
     'numerator': 'explicitly_failed_deployments', 'denominator': 'deployments', 'n': 'deployments',
     'quality': 'failure_quality'},
    {'metric': 'deployment_rework_rate', 'value': 'rework_deployments / nullif(deployments, 0)',
     'numerator': 'rework_deployments', 'denominator': 'deployments', 'n': 'deployments', 'quality': 'deployment_quality'}
] -%}
{%- for duration in delivery_durations() if duration.family is not defined %}
    {%- for part in [{'share': 'p50', 'floor': 5}, {'share': 'p85', 'floor': 10}] %}
        {%- set metric = duration.fact ~ '_' ~ part.share ~ '_' ~ duration.unit %}
        {%- do metrics.append({
            'metric': metric, 'value': metric, 'n': duration.fact ~ '_n', 'quality': duration.quality, 'floor': part.floor
        }) %}
    {%- endfor %}
{%- endfor %}
{{ metric_rows(ref('int_delivery_aggregates'), metrics) }}
