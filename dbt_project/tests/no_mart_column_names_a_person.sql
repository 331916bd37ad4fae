{%- set marts = [
    'dim_dates', 'dim_metric_catalogue', 'dim_services', 'dim_teams', 'dim_value_streams', 'fct_changes',
    'fct_ci_metrics', 'fct_cost_of_delay', 'fct_cumulative_flow', 'fct_data_quality', 'fct_defect_metrics',
    'fct_delivery_metrics', 'fct_dependencies', 'fct_deployments', 'fct_enps', 'fct_flow_distribution',
    'fct_flow_forecasts', 'fct_flow_item_states', 'fct_flow_items', 'fct_flow_metrics', 'fct_flow_stability',
    'fct_flow_stages', 'fct_incidents', 'fct_initiatives', 'fct_metric_values', 'fct_outcome_metrics',
    'fct_perceived_vs_measured', 'fct_restatements', 'fct_review_metrics', 'fct_security_findings',
    'fct_security_metrics', 'fct_sentiment_metrics', 'fct_sprints', 'fct_survey_participation',
    'fct_work_in_progress', 'fct_work_item_age',
] %}
{%- for mart in marts %}
-- depends_on: {{ ref(mart) }}
{%- endfor %}

select
    table_schema,
    table_name,
    column_name
from information_schema.columns
where
    table_catalog = '{{ ref('fct_metric_values').database }}'
    and regexp_matches(
        lower(column_name),
        '(^|_)(person|people|author|login|e?mail|member|respondent|assignee|reporter|creator|reviewer|user|username'
        || '|account|employee|developer|engineer|display_name)(s|_|$)'
    )
