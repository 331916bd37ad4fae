with service_deployments as (

    select
        scope_id as service_id,
        period_grain,
        period_start,
        count(*) as deployments
    from {{ ref('int_delivery_scope_facts') }}
    where scope_type = 'service' and fact = 'deployment' and is_production and outcome in ('success', 'failure')
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
        any_value(frequencies.deploying_services) as deploying_services,
        any_value(frequencies.deployment_frequency_service_median) as deployment_frequency_service_median,
        count(*) filter (where facts.fact = 'deployment') as deployment_records,
        count(*) filter (where facts.fact = 'deployment' and not facts.has_rule) as unmapped_deployment_records,
        count(*) filter (
            where facts.fact = 'deployment' and facts.is_production and facts.outcome in ('success', 'failure')
        ) as deployments,
        count(*) filter (where facts.fact = 'deployment' and facts.is_production and facts.outcome = 'failure')
            as failed_deployments,
        count(*) filter (where facts.fact = 'deployment' and facts.is_production and facts.outcome = 'aborted')
            as aborted_deployments,
        count(*) filter (where facts.fact = 'merge') as merges_count,
        coalesce(sum(facts.weight) filter (where facts.fact = 'merge'), 0) as merged_changes,
        coalesce(sum(facts.weight) filter (where facts.fact = 'merge' and not facts.is_deployed), 0)
            as undeployed_changes,
        count(*) filter (where facts.fact = 'merge' and not facts.is_deployed) as undeployed_n,
        sum(facts.weight) filter (where facts.fact = 'merge' and facts.is_pull_request and not facts.is_revert)
            as reviewable_merges,
        sum(case when facts.is_reviewed then 0 else facts.weight end)
        filter (where facts.fact = 'merge' and facts.is_pull_request and not facts.is_revert) as unreviewed_merges,
        count(*) filter (where facts.fact = 'merge' and facts.is_pull_request and not facts.is_revert) as reviewable_n,
        count(facts.change_lead_time_hours) as change_lead_time_n,
        {{ percentile('facts.change_lead_time_hours', 0.5) }} as change_lead_time_p50_hours,
        {{ percentile('facts.change_lead_time_hours', 0.85) }} as change_lead_time_p85_hours,
        count(facts.merge_to_deploy_hours) as merge_to_deploy_n,
        {{ percentile('facts.merge_to_deploy_hours', 0.5) }} as merge_to_deploy_p50_hours,
        {{ percentile('facts.merge_to_deploy_hours', 0.85) }} as merge_to_deploy_p85_hours,
        count(facts.review_turnaround_hours) as review_turnaround_n,
        {{ percentile('facts.review_turnaround_hours', 0.5) }} as review_turnaround_p50_hours,
        {{ percentile('facts.review_turnaround_hours', 0.85) }} as review_turnaround_p85_hours,
        count(facts.coding_hours) as coding_n,
        {{ percentile('facts.coding_hours', 0.5) }} as coding_p50_hours,
        {{ percentile('facts.coding_hours', 0.85) }} as coding_p85_hours,
        count(facts.pickup_hours) as pickup_n,
        {{ percentile('facts.pickup_hours', 0.5) }} as pickup_p50_hours,
        {{ percentile('facts.pickup_hours', 0.85) }} as pickup_p85_hours,
        count(facts.review_hours) as review_n,
        {{ percentile('facts.review_hours', 0.5) }} as review_p50_hours,
        {{ percentile('facts.review_hours', 0.85) }} as review_p85_hours
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
        periods.is_before_start

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
    *,
    case when deployment_quality = 'no_data' and change_lead_time_n > 0 then change_quality else deployment_quality end
        as shipment_quality
from judged
