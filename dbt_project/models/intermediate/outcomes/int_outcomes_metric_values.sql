{%- set metrics = [
    ('feature_factory_ratio', 'anticipated_outcome', 100, 0, none),
    ('feature_factory_ratio_started', 'anticipated_outcome', 100, 0, none),
    ('intent_before_execution_rate', 'anticipated_outcome', 1, 0, 'not_available'),
    ('work_without_outcome_share', 'anticipated_outcome', 1, 0, none),
    ('orphan_share', none, 1, 0, none), ('outcome_type_stated_share', 'outcome_type', 1, 0, 'unmapped'),
    ('outcome_review_rate', 'actual_outcome', 1, 60, none), ('outcome_hit_rate', 'outcome_verdict', 1, 0, 'unmapped'),
    ('debt_with_purpose_rate', 'outcome_type', 1, 0, 'unmapped'),
    ('outcome_reviews_overdue', 'actual_outcome', none, 60, none),
] %}
{%- set place = ['scope_type', 'scope_id', 'period_grain', 'period_start'] %}

with metrics as (

    select
        metric,
        field,
        factor,
        looks_back_days,
        quality_of_left_out
    from (
        values
        {%- for metric, field, factor, days, quality in metrics %}
            (
                '{{ metric }}', {{ "'" ~ field ~ "'" if field else 'null' }}, {{ factor or 'null' }}, {{ days }},
                {{ "'" ~ quality ~ "'" if quality else 'null' }}
            ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as listed (metric, field, factor, looks_back_days, quality_of_left_out)

),

scope_starts as (

    select
        scope_sources.scope_type,
        scope_sources.scope_id,
        max(connections.start_date) as start_date
    from {{ ref('int_flow_scope_sources') }} as scope_sources
    inner join {{ ref('int_connections') }} as connections on scope_sources.connection = connections.connection
    group by all

),

fields as (

    select distinct field
    from {{ ref('int_outcome_fields') }}

),

scope_periods as (

    select
        scope_periods.scope_type,
        scope_periods.scope_id,
        scope_periods.period_grain,
        scope_periods.period_start,
        scope_periods.is_complete,
        scope_starts.start_date
    from {{ ref('int_scope_periods') }} as scope_periods
    left join scope_starts
        on
            scope_periods.scope_type = scope_starts.scope_type
            and scope_periods.scope_id = scope_starts.scope_id

),

-- every metric of every scope and period, and beside it the types and verdicts that there are
rows_of as (

    select
        metrics.metric,
        'all' as breakdown,
        scope_periods.scope_type,
        scope_periods.scope_id,
        scope_periods.period_grain,
        scope_periods.period_start,
        scope_periods.is_complete,
        metrics.factor,
        coalesce(aggregates.numerator, 0) as numerator,
        coalesce(aggregates.denominator, 0) as denominator,
        coalesce(aggregates.n, 0) as n,
        case
            when (metrics.field is not null and fields.field is null) or aggregates.is_unknown then 'not_available'
            when aggregates.left_out > 0.05 * (aggregates.n + aggregates.left_out) then metrics.quality_of_left_out
            when metrics.factor is not null and coalesce(aggregates.denominator, 0) = 0 then 'no_data'
            when
                {{ days_between('scope_periods.period_start', 'scope_periods.start_date') }} > -metrics.looks_back_days
                then 'partial'
            when aggregates.is_immature then 'immature'
            else 'ok'
        end as data_quality
    from scope_periods
    cross join metrics
    left join fields on metrics.field = fields.field
    left join {{ ref('int_outcome_aggregates') }} as aggregates
        on
            {{ same_columns('scope_periods', 'aggregates', place) }}
            and metrics.metric = aggregates.metric
    union all
    select
        aggregates.metric,
        aggregates.breakdown,
        scope_periods.scope_type,
        scope_periods.scope_id,
        scope_periods.period_grain,
        scope_periods.period_start,
        scope_periods.is_complete,
        case when aggregates.metric = 'outcome_type_share' then 1 end as factor,
        aggregates.numerator,
        aggregates.denominator,
        aggregates.n,
        case
            when aggregates.is_unknown then 'not_available'
            when aggregates.denominator = 0 then 'no_data'
            when scope_periods.period_start < scope_periods.start_date then 'partial'
            else 'ok'
        end as data_quality
    from scope_periods
    inner join {{ ref('int_outcome_aggregates') }} as aggregates
        on {{ same_columns('scope_periods', 'aggregates', place) }}
    where aggregates.metric in ('outcome_type_share', 'outcome_verdicts')

),

lags as (

    select
        scope_periods.scope_type,
        scope_periods.scope_id,
        scope_periods.period_grain,
        scope_periods.period_start,
        scope_periods.is_complete,
        'all' as breakdown,
        lags.review_lag_p50_days,
        lags.review_lag_p85_days,
        coalesce(lags.n, 0) as n,
        case
            when fields.field is null then 'not_available'
            when lags.n is null then 'no_data'
            when scope_periods.period_start < scope_periods.start_date then 'partial'
            else 'ok'
        end as data_quality
    from scope_periods
    left join fields on fields.field = 'actual_outcome'
    left join {{ ref('int_outcome_review_lags') }} as lags
        on {{ same_columns('scope_periods', 'lags', place) }}

)

select
    metric,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    breakdown,
    case
        when data_quality in ('not_available', 'no_data') then null
        when factor is null then cast(numerator as double)
        else factor * numerator / nullif(denominator, 0)
    end as value,
    case when data_quality not in ('not_available', 'no_data') then cast(numerator as double) end as numerator,
    case
        when data_quality not in ('not_available', 'no_data') and factor is not null then cast(denominator as double)
    end as denominator,
    cast(n as bigint) as n,
    data_quality,
    is_complete
from rows_of
union all
{{ metric_rows('lags', [
    {'metric': 'outcome_review_lag_p50_days', 'value': 'review_lag_p50_days', 'floor': 5},
    {'metric': 'outcome_review_lag_p85_days', 'value': 'review_lag_p85_days', 'floor': 10},
]) }}
