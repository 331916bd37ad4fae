{%- set metrics = [
    {'metric': 'stage_time_share', 'with': ['numerator', 'denominator']},
    'stage_time_p50_days',
    'stage_time_p85_days',
    'stage_arrivals',
    'stage_departures',
    'stage_queue_growth',
    'stage_backlog',
    'bottleneck_rank',
] %}

with metrics as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        breakdown,
        is_complete,
        {{ pivot_metric_values(metrics) }}
    from {{ ref('fct_metric_values') }}
    where family = 'flow' and breakdown like '%stage:%' and {{ is_pivoted(metrics) }}
    group by scope_type, scope_id, period_grain, period_start, breakdown, is_complete

)

select
    metrics.scope_type,
    metrics.scope_id,
    metrics.period_grain,
    metrics.period_start,
    stages.item_level,
    stages.stage,
    stages.stage_order,
    metrics.is_complete,
    metrics.stage_time_share_numerator as stage_time_days,
    metrics.stage_time_share,
    metrics.stage_time_share_n as items_count,
    metrics.stage_time_share_data_quality as data_quality,
    metrics.stage_time_p50_days,
    metrics.stage_time_p85_days,
    metrics.stage_arrivals,
    metrics.stage_departures,
    metrics.stage_queue_growth,
    metrics.stage_backlog,
    cast(metrics.bottleneck_rank as integer) as bottleneck_rank,
    case when metrics.bottleneck_rank = 1 then stages.periods_first end as periods_first,
    case
        when metrics.bottleneck_rank is not null
            then
                cast(cast(round(100 * metrics.stage_time_share) as integer) as {{ text_type() }})
                || ' % of the time of ' || cast(metrics.stage_time_share_n as {{ text_type() }}) || ' completed items; '
                || cast(cast(round(metrics.stage_arrivals) as integer) as {{ text_type() }}) || ' arrived, '
                || cast(cast(round(metrics.stage_departures) as integer) as {{ text_type() }}) || ' left, '
                || cast(cast(round(metrics.stage_backlog) as integer) as {{ text_type() }}) || ' in it at the end'
    end as evidence
from metrics
inner join {{ ref('int_flow_stage_aggregates') }} as stages
    on
        metrics.scope_type = stages.scope_type
        and metrics.scope_id = stages.scope_id
        and metrics.period_grain = stages.period_grain
        and metrics.period_start = stages.period_start
        and metrics.breakdown = stages.breakdown
