select
    metric,
    period_grain,
    period_start,
    breakdown,
    sum(value) filter (where scope_type = 'team') as teams_total,
    sum(value) filter (where scope_type = 'value_stream') as value_streams_total,
    sum(value) filter (where scope_type = 'organization') as organization_total
from {{ ref('int_flow_metric_values') }}
where metric in ('flow_velocity', 'flow_load', 'arrivals', 'cancelled_items', 'skipped_items')
group by all
having
    abs(coalesce(organization_total, 0) - coalesce(teams_total, 0)) > 0.0001
    or abs(coalesce(organization_total, 0) - coalesce(value_streams_total, 0)) > 0.0001
