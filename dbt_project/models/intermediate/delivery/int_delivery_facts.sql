{{ config(materialized='view') }}
{#- Without a service: of all of the place. `date`: the local date of `at`, where the table has it. A stock is looked at
    once for each grain, at the end of its period. -#}
{%- set merged_pull_request = "changes.change_kind = 'pull_request' and not changes.is_revert" -%}
{%- set shipped = row_hash(['changes.change_key']) ~ " in (select " ~ row_hash(['shipped.change_key']) ~ " from "
    ~ ref('int_change_deployments') ~ " as shipped)" -%}
{%- set changes = {'relation': ref('int_changes'), 'alias': 'changes', 'key': 'change_key', 'at': 'merged_at',
    'date': 'merged_date', 'place': 'changes.place_key'} -%}
{%- set pull_requests = {'relation': ref('int_pull_requests'), 'alias': 'pull_requests', 'key': 'pull_request_key',
    'place': 'pull_requests.place_key'} -%}
{%- set deployments = {
    'relation': ref('int_deployments'), 'alias': 'deployments', 'key': 'deployment_key', 'service': 'service_id',
    'place': 'deployments.place_key', 'at': 'occurred_at', 'date': 'deployed_date',
    'services': 'count(*) over (partition by deployments.deployment_key)'
} -%}
{%- set verdicts = dict(
    deployments, relation=ref('int_deployment_verdicts'), alias='verdicts', place='verdicts.place_key',
    services='count(*) over (partition by verdicts.deployment_key)'
) -%}
{%- set shipments = {
    'relation': ref('int_change_deployments'), 'alias': 'shipments', 'key': 'change_key', 'service': 'service_id',
    'place': "coalesce('service:' || shipments.service_id, shipments.repository_key)", 'at': 'deployed_at',
    'date': 'deployed_date', 'services': 'shipments.services_count'
} -%}
{%- set incidents = {
    'relation': ref('int_incidents'), 'alias': 'incidents', 'key': 'incident_key', 'service': 'service_id',
    'place': 'incidents.place_key', 'at': 'started_at', 'services': 1
} -%}
{%- set findings = {
    'relation': 'security_findings', 'alias': 'findings', 'key': 'finding_key', 'place': 'findings.place_key',
    'at': 'opened_at', 'breakdown': 'findings.breakdown'
} -%}
{%- set ci_runs = {
    'relation': ref('int_ci_runs'), 'alias': 'ci_runs', 'key': 'run_attempt_key', 'at': 'completed_at',
    'date': 'completed_date'
} -%}
{%- set facts = [
    dict(changes, fact='merge', where='changes.is_default_branch'),
    dict(changes, fact='undeployed_merge', where='changes.is_default_branch and not ' ~ shipped),
    dict(changes, fact='reviewable_merge', where='changes.is_default_branch and ' ~ merged_pull_request,
         value='case when changes.is_reviewed then 0 else 1 end'),
    dict(changes, fact='coding', at='ready_at', date=none, value='changes.coding_hours', where='changes.is_default_branch'),
    dict(changes, fact='pickup', at='first_reviewed_at', date=none, value='changes.pickup_hours',
         where='changes.is_default_branch'),
    dict(changes, fact='review', value='changes.review_hours', where='changes.is_default_branch'),
    dict(pull_requests, fact='review_turnaround', at='first_reviewed_at', value='pull_requests.review_turnaround_hours',
         where='pull_requests.is_default_branch'),
    dict(pull_requests, fact='prompt_review', at='first_reviewed_at', where='pull_requests.is_default_branch',
         value='case when pull_requests.review_turnaround_working_days <= 1 then 1'
         ~ ' when pull_requests.review_turnaround_working_days > 1 then 0 end'),
    dict(shipments, fact='change_lead_time', value='shipments.change_lead_time_hours', may_be_unknown=true),
    dict(shipments, fact='merge_to_deploy', value='shipments.merge_to_deploy_hours', may_be_unknown=true),
    dict(deployments, fact='deployment_record'),
    dict(deployments, fact='unmapped_deployment', where='not deployments.has_rule'),
    dict(verdicts, fact='deployment'),
    dict(verdicts, fact='failed_deployment', where='verdicts.has_failed'),
    dict(verdicts, fact='explicitly_failed_deployment', where='verdicts.is_explicit'),
    dict(verdicts, fact='unwatched_deployment', where='not verdicts.is_watched'),
    dict(verdicts, fact='immature_deployment', where='verdicts.is_immature'),
    dict(verdicts, fact='rework_deployment', where='verdicts.is_rework'),
    dict(verdicts, fact='failed_deployment_recovery', at='recovered_at', date=none, value='verdicts.recovery_hours'),
    dict(deployments, fact='aborted_deployment', where="deployments.is_production and deployments.outcome = 'aborted'"),
    dict(incidents, fact='incident', where='incidents.is_counted'),
    dict(incidents, fact='incident_restore', at='resolved_at', value='incidents.restore_hours',
         where='incidents.is_counted'),
    dict(findings, fact='security_finding'),
    dict(findings, fact='security_defect', where="findings.resolution != 'dismissed'"),
    dict(findings, fact='security_remediation', at='closed_at', value='findings.remediation_days'),
    dict(findings, fact='due_security_finding', at='due_at', where='findings.due_at < settings.as_of',
         value='case when findings.closed_at <= findings.due_at then 1 else 0 end'),
    dict(ci_runs, fact='ci_check', where='ci_runs.is_first_verdict', value="case when ci_runs.result = 'passed' then 1 else 0 end"),
    dict(ci_runs, fact='ci_flaky_check', where='ci_runs.is_first_verdict', value='case when ci_runs.is_flaky then 1 else 0 end'),
    dict(ci_runs, fact='ci_duration', value='ci_runs.duration_minutes',
         where="ci_runs.result = 'passed' and ci_runs.attempt_number = 1"),
    dict(ci_runs, fact='ci_rerun', value='ci_runs.duration_minutes / 60.0', where='ci_runs.is_repeated'),
    dict(changes, fact='pr_size', value='changes.size_lines_count', where='changes.is_default_branch and ' ~ merged_pull_request),
    dict(changes, fact='pr_size_by_total',
         where="changes.size_method = 'total' and changes.is_default_branch and " ~ merged_pull_request),
] -%}
{#- Stocks: what has begun and not ended at a period's end, with its age in days. -#}
{%- set stocks = [
    dict(pull_requests, fact='open_pull_request_age', since='ready_at', where='pull_requests.is_default_branch',
         until='coalesce(pull_requests.merged_at, pull_requests.closed_at)'),
    dict(findings, fact='open_security_finding_age', since='opened_at', until='findings.closed_at'),
    dict(findings, fact='overdue_security_finding', since='due_at', until='findings.closed_at'),
] -%}

-- a finding counts among those of its severity and, where its severity counts, among all
with security_findings as (

    {%- for breakdown, is_in in [
        ("'all'", 'is_counted'),
        ("'severity:' || severity", 'duplicate_of_key is null and severity is not null'),
    ] %}
        {%- if not loop.first %}
            union all
        {%- endif %}
        select
            finding_key || '/' || {{ breakdown }} as finding_key,
            {{ breakdown }} as breakdown,
            place_key,
            resolution,
            remediation_days,
            opened_at,
            closed_at,
            due_at
        from {{ ref('int_security_findings') }}
        where resolution != 'false_positive' and {{ is_in }}
    {%- endfor %}

)

{%- for f in facts %}
    {%- if not loop.first %}
        union all
    {%- endif %}
    select
        '{{ f.fact }}' as fact,
        {{ f.alias }}.{{ f.key }} as fact_key,
        {{ f.place or f.alias ~ '.repository_key' }} as place_key,
        cast({{ f.alias ~ '.' ~ f.service if f.service else 'null' }} as {{ text_type() }}) as service_id,
        {{ 'false' if f.service else 'true' }} as is_of_every_service,
        {{ f.services ~ ' = 1' if f.service else 'true' }} as is_of_one_service,
        cast({{ f.alias }}.{{ f.at }} as timestamp) as occurred_at,
        {{ f.alias ~ '.' ~ f.date if f.date else local_date(f.alias ~ '.' ~ f.at, 'settings.time_zone') }}
            as occurred_date,
        cast({{ f.value or 'null' }} as double) as value,
        cast(null as {{ text_type() }}) as period_grain,
        cast({{ f.breakdown or 'null' }} as {{ text_type() }}) as breakdown,
        cast(null as {{ text_type() }}) as reviewer
    from {{ f.relation }} as {{ f.alias }}
    cross join {{ ref('int_settings') }} as settings
    where {{ f.where or 'true' }}{{ ' and ' ~ f.value ~ ' is not null' if f.value and not f.may_be_unknown }}
{%- endfor %}
union all
select
    'review_given' as fact,
    reviews.review_key as fact_key,
    pull_requests.place_key,
    null as service_id,
    true as is_of_every_service,
    true as is_of_one_service,
    reviews.submitted_at as occurred_at,
    {{ local_date('reviews.submitted_at', 'settings.time_zone') }} as occurred_date,
    null as value,
    null as period_grain,
    null as breakdown,
    reviews.reviewer_login as reviewer
from {{ ref('int_pull_request_reviews') }} as reviews
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('int_pull_requests') }} as pull_requests
    on reviews.pull_request_key = pull_requests.pull_request_key
where reviews.is_by_another_person and pull_requests.is_default_branch
{%- for f in stocks %}
    union all
    select
        '{{ f.fact }}' as fact,
        {{ f.alias }}.{{ f.key }} || '@' || periods.period_grain || periods.period_start as fact_key,
        {{ f.place or f.alias ~ '.repository_key' }} as place_key,
        null as service_id,
        true as is_of_every_service,
        true as is_of_one_service,
        periods.elapsed_until as occurred_at,
        least(periods.period_end - 1, settings.as_of_date) as occurred_date,
        {{ seconds_between(f.alias ~ '.' ~ f.since, 'periods.elapsed_until') }} / 86400.0 as value,
        periods.period_grain,
        {{ f.breakdown or 'null' }} as breakdown,
        null as reviewer
    from {{ f.relation }} as {{ f.alias }}
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_periods') }} as periods
        on
            {{ f.alias }}.{{ f.since }} < periods.elapsed_until
            and coalesce({{ f.until }}, {{ forever() }}) >= periods.elapsed_until
    where {{ f.where or 'true' }}
{%- endfor %}
