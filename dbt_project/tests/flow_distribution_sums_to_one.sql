select
    metric,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    breakdown like 'level:initiative/%' as is_initiative,
    sum(value) as total
from {{ ref('fct_metric_values') }}
where metric in ('flow_distribution', 'flow_load_distribution') and value is not null
group by all
having abs(sum(value) - 1) > 0.000001
