{%- set metrics = [
    {'metric': 'ci_success_rate', 'value': 'ci_passed_checks / ci_checks', 'numerator': 'ci_passed_checks',
     'denominator': 'ci_checks', 'n': 'ci_checks_n', 'quality': 'ci_quality'},
    {'metric': 'ci_flaky_share', 'value': 'ci_flaky_checks / ci_checks', 'numerator': 'ci_flaky_checks',
     'denominator': 'ci_checks', 'n': 'ci_checks_n', 'quality': 'ci_quality'},
    {'metric': 'ci_duration_p50_minutes', 'value': 'ci_duration_p50_minutes', 'n': 'ci_duration_n', 'quality': 'ci_quality',
     'floor': 5},
    {'metric': 'ci_duration_p85_minutes', 'value': 'ci_duration_p85_minutes', 'n': 'ci_duration_n', 'quality': 'ci_quality',
     'floor': 10},
    {'metric': 'ci_rerun_hours', 'value': 'ci_rerun_hours', 'n': 'ci_reruns_n', 'quality': 'ci_quality'}
] -%}
{{ metric_rows(ref('int_delivery_aggregates'), metrics) }}
