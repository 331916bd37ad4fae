with service_deployments as (

    select
        scope_id as service_id,
        period_grain,
        period_start,
        count(*) as deployments
    from {{ ref('int_delivery_scope_facts') }}
    where scope_type = 'service' and fact = 'deployment'
    group by scope_id, period_grain, period_start

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

-- the busiest fifth of the people who reviewed, at least one
reviewers as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        count(*) as reviewers,
        cast(sum(reviews) as bigint) as reviews_n,
        sum(reviews) filter (where place <= ceil(0.2 * people)) as busiest_reviews
    from (
        select
            scope_type,
            scope_id,
            period_grain,
            period_start,
            count(*) as reviews,
            row_number() over (
                partition by scope_type, scope_id, period_grain, period_start
                order by count(*) desc, reviewer
            ) as place,
            count(*) over (partition by scope_type, scope_id, period_grain, period_start) as people
        from {{ ref('int_delivery_scope_facts') }}
        where fact = 'review_given' and reviewer is not null
        group by scope_type, scope_id, period_grain, period_start, reviewer
    ) as people
    group by scope_type, scope_id, period_grain, period_start

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
        any_value(frequencies.deploying_services) as deploying_services,
        any_value(frequencies.deployment_frequency_service_median) as deployment_frequency_service_median,
        any_value(reviewers.reviews_n) as reviews_n,
        any_value(reviewers.reviewers) as reviewers,
        any_value(reviewers.busiest_reviews) as busiest_reviews,
        count(*) filter (where facts.fact = 'deployment_record') as deployment_records,
        count(*) filter (where facts.fact = 'unmapped_deployment') as unmapped_deployment_records,
        count(*) filter (where facts.fact = 'deployment') as deployments,
        count(*) filter (where facts.fact = 'failed_deployment') as failed_deployments,
        count(*) filter (where facts.fact = 'explicitly_failed_deployment') as explicitly_failed_deployments,
        count(*) filter (where facts.fact = 'unwatched_deployment') as unwatched_deployments,
        count(*) filter (where facts.fact = 'immature_deployment') as immature_deployments,
        count(*) filter (where facts.fact = 'rework_deployment') as rework_deployments,
        count(*) filter (where facts.fact = 'aborted_deployment') as aborted_deployments,
        count(*) filter (where facts.fact = 'merge') as merges_count,
        coalesce(sum(facts.weight) filter (where facts.fact = 'merge'), 0) as merged_changes,
        coalesce(sum(facts.weight) filter (where facts.fact = 'undeployed_merge'), 0) as undeployed_changes,
        count(*) filter (where facts.fact = 'undeployed_merge') as undeployed_n,
        sum(facts.weight) filter (where facts.fact = 'reviewable_merge') as reviewable_merges,
        sum(facts.weight * facts.value) filter (where facts.fact = 'reviewable_merge') as unreviewed_merges,
        count(*) filter (where facts.fact = 'reviewable_merge') as reviewable_n,
        coalesce(sum(facts.weight) filter (where facts.fact = 'incident'), 0) as incidents,
        count(*) filter (where facts.fact = 'incident') as incidents_n,
        sum(facts.weight) filter (where facts.fact = 'prompt_review') as first_reviews,
        sum(facts.weight * facts.value) filter (where facts.fact = 'prompt_review') as prompt_reviews,
        count(*) filter (where facts.fact = 'prompt_review') as prompt_review_n,
        {%- for duration in delivery_durations() %}
            {%- set is_fact = "facts.fact = '" ~ duration.fact ~ "'" %}
            count(facts.value) filter (where {{ is_fact }}) as {{ duration.fact }}_n,
            {{ percentile('facts.value', 0.5, is_fact) }} as {{ duration.fact }}_p50_{{ duration.unit }},
            {{ percentile('facts.value', 0.85, is_fact) }} as {{ duration.fact }}_p85_{{ duration.unit }},
        {%- endfor %}
        coalesce(sum(facts.weight) filter (where facts.fact = 'open_pull_request_age'), 0) as open_pull_requests,
        periods.ci_quality,
        sum(facts.weight) filter (where facts.fact = 'ci_check') as ci_checks,
        sum(facts.weight * facts.value) filter (where facts.fact = 'ci_check') as ci_passed_checks,
        sum(facts.weight * facts.value) filter (where facts.fact = 'ci_flaky_check') as ci_flaky_checks,
        count(*) filter (where facts.fact = 'ci_check') as ci_checks_n,
        coalesce(
            cast(
                sum(cast(facts.weight * facts.value as decimal(20, 9))) filter (where facts.fact = 'ci_rerun') as double
            ), 0
        ) as ci_rerun_hours,
        count(*) filter (where facts.fact = 'ci_rerun') as ci_reruns_n,
        count(*) filter (where facts.fact = 'pr_size_by_total') as pr_sizes_by_total
    from {{ ref('int_delivery_scope_periods') }} as periods
    left join {{ ref('int_delivery_scope_facts') }} as facts
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
    left join reviewers
        on
            periods.scope_type = reviewers.scope_type
            and periods.scope_id = reviewers.scope_id
            and periods.period_grain = reviewers.period_grain
            and periods.period_start = reviewers.period_start
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
