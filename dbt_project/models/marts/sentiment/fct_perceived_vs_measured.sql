with pairs as (

    select
        pairs.pair,
        pairs.driver,
        pairs.metric,
        catalogue.direction
    from {{ ref('perception_pairs') }} as pairs
    inner join {{ ref('metric_catalogue') }} as catalogue on pairs.metric = catalogue.metric

),

waves as (

    select
        *,
        'last_wave' as compared_with,
        previous_wave_key as reference_wave_key,
        previous_closes_on as reference_closes_on,
        previous_score as reference_score,
        previous_n as reference_n
    from {{ ref('int_survey_wave_changes') }}
    union all
    select
        *,
        'baseline' as compared_with,
        baseline_wave_key as reference_wave_key,
        baseline_closes_on as reference_closes_on,
        baseline_score as reference_score,
        baseline_n as reference_n
    from {{ ref('int_survey_wave_changes') }}

),

measured as (

    select
        metric,
        scope_type,
        scope_id,
        period_start,
        data_quality,
        is_complete,
        case when is_complete and data_quality in ('ok', 'partial') then value end as value
    from {{ ref('fct_metric_values') }}
    where period_grain = 'quarter' and breakdown = 'all'

),

changes as (

    select
        waves.wave_key,
        waves.scope_type,
        waves.scope_id,
        waves.compared_with,
        waves.reference_wave_key,
        waves.data_quality as perceived_data_quality,
        waves.driver_score,
        round(waves.driver_score - waves.reference_score, 6) as perceived_change,
        {{ change_error('waves.driver_score', 'waves.n', 'waves.reference_score', 'waves.reference_n', 0, 100) }}
            as perceived_change_error,
        pairs.pair,
        pairs.driver,
        pairs.metric,
        measured.data_quality as measured_data_quality,
        measured.value as measured_value,
        case
            when measured.period_start > reference.period_start then round(measured.value - reference.value, 6)
        end as measured_change,
        case pairs.direction when 'down' then -1 else 1 end as better,
        cast(date_trunc('quarter', waves.closes_on) as date) as period_start,
        waves.closes_on
    from waves
    inner join pairs on waves.driver = pairs.driver
    left join measured
        on
            pairs.metric = measured.metric
            and waves.scope_type = measured.scope_type
            and waves.scope_id = measured.scope_id
            and date_trunc('quarter', waves.closes_on) = measured.period_start
    left join measured as reference
        on
            pairs.metric = reference.metric
            and waves.scope_type = reference.scope_type
            and waves.scope_id = reference.scope_id
            and date_trunc('quarter', waves.reference_closes_on) = reference.period_start

)

select
    changes.wave_key,
    waves.survey,
    waves.wave,
    changes.scope_type,
    changes.scope_id,
    changes.pair,
    changes.compared_with,
    changes.driver,
    changes.metric,
    changes.reference_wave_key,
    changes.perceived_data_quality,
    coalesce(changes.measured_data_quality, 'no_data') as measured_data_quality,
    case
        when changes.perceived_change > 0 then 'better'
        when changes.perceived_change < 0 then 'worse'
        when changes.perceived_change = 0 then 'same'
    end as perceived_direction,
    case
        when changes.measured_change * changes.better > 0 then 'better'
        when changes.measured_change * changes.better < 0 then 'worse'
        when changes.measured_change = 0 then 'same'
    end as measured_direction,
    case
        when changes.perceived_change is null or changes.measured_change is null then 'too_few_data'
        when changes.perceived_change * changes.measured_change * changes.better > 0 then 'agree'
        when changes.perceived_change * changes.measured_change * changes.better < 0 then 'disagree'
        else 'unclear'
    end as agreement,
    cast(changes.driver_score as double) as driver_score,
    cast(changes.perceived_change as double) as perceived_change,
    cast(changes.perceived_change_error as double) as perceived_change_error,
    cast(changes.measured_value as double) as measured_value,
    cast(changes.measured_change as double) as measured_change,
    changes.period_start,
    changes.closes_on
from changes
inner join {{ ref('int_survey_waves') }} as waves on changes.wave_key = waves.wave_key
