with metrics as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        is_complete,
        {{ pivot_metric_values([
            {'metric': 'okr_alignment_rate', 'with': ['numerator', 'denominator']},
            {'metric': 'work_without_key_result_share', 'with': ['numerator', 'denominator']},
        ]) }}
    from {{ ref('fct_metric_values') }}
    where family = 'objectives' and breakdown = 'all'
    group by scope_type, scope_id, period_grain, period_start, is_complete

),

counts as (

    select *
    from {{ ref('int_objective_aggregates') }}
    where is_available

)

select
    metrics.scope_type,
    metrics.scope_id,
    metrics.period_grain,
    metrics.period_start,
    metrics.is_complete,
    metrics.okr_alignment_rate,
    metrics.okr_alignment_rate_numerator,
    metrics.okr_alignment_rate_denominator,
    metrics.okr_alignment_rate_n,
    metrics.okr_alignment_rate_data_quality,
    cast(counts.aligned_company as bigint) as aligned_company,
    cast(counts.aligned_value_stream as bigint) as aligned_value_stream,
    cast(counts.aligned_team as bigint) as aligned_team,
    cast(counts.without_key_result as bigint) as without_key_result,
    cast(counts.unknown_key_result as bigint) as unknown_key_result,
    cast(counts.inactive_key_result as bigint) as inactive_key_result,
    cast(counts.key_results as bigint) as key_results,
    cast(counts.key_results_without_work as bigint) as key_results_without_work,
    metrics.work_without_key_result_share,
    metrics.work_without_key_result_share_numerator,
    metrics.work_without_key_result_share_denominator,
    metrics.work_without_key_result_share_n,
    metrics.work_without_key_result_share_data_quality
from metrics
left join counts
    on
        metrics.scope_type = counts.scope_type
        and metrics.scope_id = counts.scope_id
        and metrics.period_grain = counts.period_grain
        and metrics.period_start = counts.period_start
        and metrics.okr_alignment_rate_data_quality != 'suppressed'
