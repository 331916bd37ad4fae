-- both sides are read from the published rows, so that what is hidden there is hidden here
with measured as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        is_complete,
        value,
        n,
        data_quality
    from {{ ref('fct_metric_values') }}
    where metric = 'new_capability_share' and breakdown = 'all'

),

surveyed as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        value,
        n,
        data_quality
    from {{ ref('fct_metric_values') }}
    where metric = 'driver_score' and breakdown = 'driver:new_capability'

)

select
    measured.scope_type,
    measured.scope_id,
    measured.period_grain,
    measured.period_start,
    measured.is_complete,
    measured.value as new_capability_share,
    measured.n as new_capability_share_n,
    measured.data_quality as new_capability_share_data_quality,
    surveyed.value as surveyed_new_capability_score,
    surveyed.n as surveyed_new_capability_n,
    surveyed.data_quality as surveyed_new_capability_data_quality
from measured
left join surveyed
    on
        measured.scope_type = surveyed.scope_type
        and measured.scope_id = surveyed.scope_id
        and measured.period_grain = surveyed.period_grain
        and measured.period_start = surveyed.period_start
