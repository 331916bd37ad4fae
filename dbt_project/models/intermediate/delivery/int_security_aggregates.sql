{%- set defects_over = [
    {'what': 'items', 'family': 'flow', 'number': 'done_items', 'n': 'done_n', 'quality': 'data_quality'},
    {'what': 'deployments', 'family': 'delivery', 'number': 'deployments', 'n': 'deployments', 'quality': 'deployment_quality'},
] -%}

with aggregated as (

    select
        periods.scope_type,
        periods.scope_id,
        periods.period_grain,
        periods.period_start,
        periods.breakdown,
        periods.is_complete,
        periods.security_quality,
        coalesce(sum(facts.weight) filter (where facts.fact = 'security_finding'), 0) as opened_findings,
        count(*) filter (where facts.fact = 'security_finding') as opened_n,
        coalesce(sum(facts.weight) filter (where facts.fact = 'security_defect'), 0) as defects,
        count(*) filter (where facts.fact = 'security_remediation') as fixed_n,
        {{ percentile('facts.value', 0.5, "facts.fact = 'security_remediation'") }} as remediation_p50_days,
        {{ percentile('facts.value', 0.85, "facts.fact = 'security_remediation'") }} as remediation_p85_days,
        sum(facts.weight) filter (where facts.fact = 'due_security_finding') as due_findings,
        sum(facts.weight * facts.value) filter (where facts.fact = 'due_security_finding') as kept_findings,
        count(*) filter (where facts.fact = 'due_security_finding') as due_n,
        coalesce(sum(facts.weight) filter (where facts.fact = 'open_security_finding_age'), 0) as open_findings,
        count(*) filter (where facts.fact = 'open_security_finding_age') as open_n,
        {{ percentile('facts.value', 0.5, "facts.fact = 'open_security_finding_age'") }} as open_age_p50_days,
        {{ percentile('facts.value', 0.85, "facts.fact = 'open_security_finding_age'") }} as open_age_p85_days,
        coalesce(sum(facts.weight) filter (where facts.fact = 'overdue_security_finding'), 0) as overdue_findings,
        count(*) filter (where facts.fact = 'overdue_security_finding') as overdue_n
    from {{ ref('int_security_scope_periods') }} as periods
    left join {{ ref('int_delivery_scope_facts') }} as facts
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
    {%- for over in defects_over %}
        {{ over.what }}.{{ over.number }} as {{ over.what }}_done,
        {{ over.what }}.{{ over.n }} as {{ over.what }}_n,
        case
            when aggregated.security_quality = 'not_available' or {{ over.what }}.{{ over.quality }} = 'not_available'
                then 'not_available'
            when {{ over.what }}.{{ over.quality }} = 'unmapped' then 'unmapped'
            when aggregated.security_quality = 'no_data' or coalesce({{ over.what }}.{{ over.quality }}, 'no_data') = 'no_data'
                then 'no_data'
            when stale_{{ over.what }}.scope_id is not null then 'stale'
            when 'partial' in (aggregated.security_quality, {{ over.what }}.{{ over.quality }}) then 'partial'
            else 'ok'
        end as {{ over.what }}_quality{{ ',' if not loop.last }}
    {%- endfor %}
from aggregated
left join {{ ref('int_periods') }} as periods
    on
        aggregated.period_grain = periods.period_grain
        and aggregated.period_start = periods.period_start
{%- for over in defects_over %}
    left join {{ ref('int_' ~ over.family ~ '_aggregates') }} as {{ over.what }}
        on
            aggregated.scope_type = {{ over.what }}.scope_type
            and aggregated.scope_id = {{ over.what }}.scope_id
            and aggregated.period_grain = {{ over.what }}.period_grain
            and aggregated.period_start = {{ over.what }}.period_start
            and aggregated.breakdown = 'all'
            and {{ over.what }}.breakdown = 'all'
    left join {{ ref('int_stale_scopes') }} as stale_{{ over.what }}
        on
            stale_{{ over.what }}.family = '{{ over.family }}'
            and aggregated.scope_type = stale_{{ over.what }}.scope_type
            and aggregated.scope_id = stale_{{ over.what }}.scope_id
            and periods.end_at > stale_{{ over.what }}.stale_since
{%- endfor %}
