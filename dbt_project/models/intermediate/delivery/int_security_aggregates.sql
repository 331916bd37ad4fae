with facts as (

    select *
    from {{ ref('int_delivery_scope_facts') }}
    where breakdown is not null

),

aggregated as (

    select
        periods.scope_type,
        periods.scope_id,
        periods.period_grain,
        periods.period_start,
        periods.breakdown,
        periods.is_complete,
        periods.security_quality,
        coalesce({{ exact_sum('facts.weight', "facts.fact = 'security_finding'") }}, 0) as opened_findings,
        count(*) filter (where facts.fact = 'security_finding') as opened_n,
        coalesce({{ exact_sum('facts.weight', "facts.fact = 'security_defect'") }}, 0) as defects,
        count(*) filter (where facts.fact = 'security_remediation') as fixed_n,
        {{ percentile('facts.value', 0.5, "facts.fact = 'security_remediation'") }} as remediation_p50_days,
        {{ percentile('facts.value', 0.85, "facts.fact = 'security_remediation'") }} as remediation_p85_days,
        {{ exact_sum('facts.weight', "facts.fact = 'due_security_finding'") }} as due_findings,
        {{ exact_sum('facts.weight * facts.value', "facts.fact = 'due_security_finding'") }} as kept_findings,
        count(*) filter (where facts.fact = 'due_security_finding') as due_n,
        coalesce({{ exact_sum('facts.weight', "facts.fact = 'open_security_finding_age'") }}, 0) as open_findings,
        count(*) filter (where facts.fact = 'open_security_finding_age') as open_n,
        {{ percentile('facts.value', 0.5, "facts.fact = 'open_security_finding_age'") }} as open_age_p50_days,
        {{ percentile('facts.value', 0.85, "facts.fact = 'open_security_finding_age'") }} as open_age_p85_days,
        coalesce({{ exact_sum('facts.weight', "facts.fact = 'overdue_security_finding'") }}, 0) as overdue_findings,
        count(*) filter (where facts.fact = 'overdue_security_finding') as overdue_n
    from {{ ref('int_security_scope_periods') }} as periods
    left join facts
        on
            periods.scope_type = facts.scope_type
            and periods.scope_id = facts.scope_id
            and periods.period_grain = facts.period_grain
            and periods.period_start = facts.period_start
            and periods.breakdown = facts.breakdown
    group by
        periods.scope_type,
        periods.scope_id,
        periods.period_grain,
        periods.period_start,
        periods.breakdown,
        periods.is_complete,
        periods.security_quality

)

select
    aggregated.*,
    items.done_items as items_done,
    items.done_n as items_n,
    deployments.deployments as deployments_done,
    deployments.deployments as deployments_n,
    case
        when 'not_available' in (aggregated.security_quality, items.data_quality) then 'not_available'
        when items.data_quality = 'unmapped' then 'unmapped'
        when aggregated.security_quality = 'no_data' or coalesce(items.data_quality, 'no_data') = 'no_data'
            then 'no_data'
        when stale_items.scope_id is not null then 'stale'
        when 'partial' in (aggregated.security_quality, items.data_quality) then 'partial'
        else 'ok'
    end as items_quality,
    case
        when 'not_available' in (aggregated.security_quality, deployments.deployment_quality) then 'not_available'
        when deployments.deployment_quality = 'unmapped' then 'unmapped'
        when aggregated.security_quality = 'no_data' or coalesce(deployments.deployment_quality, 'no_data') = 'no_data'
            then 'no_data'
        when stale_deployments.scope_id is not null then 'stale'
        when 'partial' in (aggregated.security_quality, deployments.deployment_quality) then 'partial'
        else 'ok'
    end as deployments_quality
from aggregated
left join {{ ref('int_periods') }} as periods
    on
        aggregated.period_grain = periods.period_grain
        and aggregated.period_start = periods.period_start
left join {{ ref('int_flow_aggregates') }} as items
    on
        aggregated.scope_type = items.scope_type
        and aggregated.scope_id = items.scope_id
        and aggregated.period_grain = items.period_grain
        and aggregated.period_start = items.period_start
        and aggregated.breakdown = items.breakdown
        and items.breakdown = 'all'
left join {{ ref('int_stale_scopes') }} as stale_items
    on
        aggregated.scope_type = stale_items.scope_type
        and aggregated.scope_id = stale_items.scope_id
        and periods.end_at > stale_items.stale_since
        and stale_items.family = 'flow'
left join {{ ref('int_delivery_aggregates') }} as deployments
    on
        aggregated.scope_type = deployments.scope_type
        and aggregated.scope_id = deployments.scope_id
        and aggregated.period_grain = deployments.period_grain
        and aggregated.period_start = deployments.period_start
        and aggregated.breakdown = deployments.breakdown
        and deployments.breakdown = 'all'
left join {{ ref('int_stale_scopes') }} as stale_deployments
    on
        aggregated.scope_type = stale_deployments.scope_type
        and aggregated.scope_id = stale_deployments.scope_id
        and periods.end_at > stale_deployments.stale_since
        and stale_deployments.family = 'delivery'
