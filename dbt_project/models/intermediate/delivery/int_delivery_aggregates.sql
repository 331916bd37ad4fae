{%- set counted = [
    ('deployment_record', 'deployment_records'),
    ('unmapped_deployment', 'unmapped_deployment_records'),
    ('deployment', 'deployments'),
    ('failed_deployment', 'failed_deployments'),
    ('explicitly_failed_deployment', 'explicitly_failed_deployments'),
    ('unwatched_deployment', 'unwatched_deployments'),
    ('immature_deployment', 'immature_deployments'),
    ('rework_deployment', 'rework_deployments'),
    ('aborted_deployment', 'aborted_deployments'),
    ('merge', 'merges_count'),
    ('undeployed_merge', 'undeployed_n'),
    ('reviewable_merge', 'reviewable_n'),
    ('prompt_review', 'prompt_review_n'),
    ('incident', 'incidents_n'),
    ('ci_check', 'ci_checks_n'),
    ('ci_rerun', 'ci_reruns_n'),
    ('pr_size_by_total', 'pr_sizes_by_total'),
] -%}
{%- set weighed = [
    ('merge', 'merged_changes'),
    ('undeployed_merge', 'undeployed_changes'),
    ('incident', 'incidents'),
    ('open_pull_request_age', 'open_pull_requests'),
] -%}
{%- set shares = [
    ('reviewable_merge', 'reviewable_merges', 'unreviewed_merges'),
    ('prompt_review', 'first_reviews', 'prompt_reviews'),
    ('ci_check', 'ci_checks', 'ci_passed_checks'),
    ('ci_flaky_check', none, 'ci_flaky_checks'),
] -%}
with facts as (

    select *
    from {{ ref('int_delivery_period_facts') }}

),

service_deployments as (

    select
        scope_id as service_id,
        period_grain,
        period_start,
        n as deployments
    from facts
    where scope_type = 'service' and fact = 'deployment'

),

service_frequencies as (

    select
        services.scope_type,
        services.scope_id,
        services.period_grain,
        services.period_start,
        count(*) as deploying_services,
        {{ percentile('coalesce(service_deployments.deployments, 0) / services.elapsed_days', 0.5) }}
            as deployment_frequency_service_median
    from (
        select
            scope_type,
            scope_id,
            period_grain,
            period_start,
            elapsed_days,
            {{ explode('deploying_service_ids') }} as service_id
        from {{ ref('int_delivery_scope_periods') }}
    ) as services
    left join service_deployments
        on
            services.service_id = service_deployments.service_id
            and services.period_grain = service_deployments.period_grain
            and services.period_start = service_deployments.period_start
    group by services.scope_type, services.scope_id, services.period_grain, services.period_start

),

aggregated as (

    select
        periods.scope_type,
        periods.scope_id,
        periods.period_grain,
        periods.period_start,
        periods.breakdown,
        periods.elapsed_days,
        periods.is_complete,
        periods.has_repositories,
        periods.has_deployments,
        periods.is_not_available,
        periods.is_cut_off,
        periods.is_before_start,
        periods.incident_quality,
        periods.ci_quality,
        any_value(frequencies.deploying_services) as deploying_services,
        any_value(frequencies.deployment_frequency_service_median) as deployment_frequency_service_median,
        any_value(facts.values_n) filter (where facts.fact = 'reviewer') as reviews_n,
        any_value(facts.n) filter (where facts.fact = 'reviewer') as reviewers,
        any_value(facts.weighted_value) filter (where facts.fact = 'reviewer') as busiest_reviews,
        {%- for fact, column in counted %}
            coalesce(any_value(facts.n) filter (where facts.fact = '{{ fact }}'), 0) as {{ column }},
        {%- endfor %}
        {%- for fact, column in weighed %}
            coalesce(any_value(facts.weight) filter (where facts.fact = '{{ fact }}'), 0) as {{ column }},
        {%- endfor %}
        {%- for fact, all_of_it, part_of_it in shares %}
            {%- if all_of_it %}
                any_value(facts.weight) filter (where facts.fact = '{{ fact }}') as {{ all_of_it }},
            {%- endif %}
            any_value(facts.weighted_value) filter (where facts.fact = '{{ fact }}') as {{ part_of_it }},
        {%- endfor %}
        {%- for duration in delivery_durations() %}
            {%- set is_fact = "facts.fact = '" ~ duration.fact ~ "'" %}
            coalesce(any_value(facts.values_n) filter (where {{ is_fact }}), 0) as {{ duration.fact }}_n,
            any_value(facts.percentiles[1]) filter (where {{ is_fact }}) as {{ duration.fact }}_p50_{{ duration.unit }},
            any_value(facts.percentiles[2]) filter (where {{ is_fact }}) as {{ duration.fact }}_p85_{{ duration.unit }},
        {%- endfor %}
        coalesce(any_value(facts.weighted_value) filter (where facts.fact = 'ci_rerun'), 0) as ci_rerun_hours
    from {{ ref('int_delivery_scope_periods') }} as periods
    left join facts
        on
            periods.scope_type = facts.scope_type
            and periods.scope_id = facts.scope_id
            and periods.period_grain = facts.period_grain
            and periods.period_start = facts.period_start
    left join service_frequencies as frequencies
        on
            periods.scope_type = frequencies.scope_type
            and periods.scope_id = frequencies.scope_id
            and periods.period_grain = frequencies.period_grain
            and periods.period_start = frequencies.period_start
    group by
        periods.scope_type,
        periods.scope_id,
        periods.period_grain,
        periods.period_start,
        periods.breakdown,
        periods.elapsed_days,
        periods.is_complete,
        periods.has_repositories,
        periods.has_deployments,
        periods.is_not_available,
        periods.is_cut_off,
        periods.is_before_start,
        periods.incident_quality,
        periods.ci_quality

),

judged as (

    select
        *,
        case
            when is_not_available then 'not_available'
            when unmapped_deployment_records > 0.05 * deployment_records then 'unmapped'
            when not has_deployments or (is_before_start and deployments + aborted_deployments = 0) then 'no_data'
            when is_cut_off then 'partial'
            else 'ok'
        end as deployment_quality,
        case
            when not has_repositories or (is_before_start and merges_count = 0) then 'no_data'
            when is_cut_off then 'partial'
            else 'ok'
        end as change_quality
    from aggregated

)

select
    judged.*,
    case
        when judged.deployment_quality = 'no_data' and judged.change_lead_time_n > 0 then judged.change_quality
        else judged.deployment_quality
    end as shipment_quality,
    case
        when judged.deployment_quality not in ('partial', 'ok') then judged.deployment_quality
        when judged.incident_quality = 'stale' then 'stale'
        when
            judged.deployment_quality = 'partial'
            or judged.incident_quality = 'partial'
            or judged.unwatched_deployments > 0.05 * judged.deployments
            then 'partial'
        when judged.immature_deployments > 0 then 'immature'
        else 'ok'
    end as failure_quality,
    case
        when judged.change_quality != 'no_data' and judged.reviewers < settings.min_respondents then 'suppressed'
        else judged.change_quality
    end as reviewer_quality,
    case
        when judged.change_quality = 'ok' and judged.pr_sizes_by_total > 0.05 * judged.pr_size_n then 'partial'
        else judged.change_quality
    end as size_quality
from judged
cross join {{ ref('int_settings') }} as settings
