select
    wave_values.wave_key,
    wave_values.survey,
    wave_values.wave,
    wave_values.scope_type,
    wave_values.scope_id,
    wave_values.driver,
    wave_values.data_quality,
    cast(wave_values.driver_score as double) as driver_score,
    cast(wave_values.favourable_share as double) as favourable_share,
    cast(wave_values.enps as double) as enps,
    cast(wave_values.response_rate as double) as response_rate,
    cast(wave_values.n as bigint) as n,
    cast(changes.series as bigint) as series,
    changes.previous_wave_key,
    cast(changes.driver_score - changes.previous_score as double) as driver_score_change,
    cast(
        {{ change_error('changes.driver_score', 'changes.n', 'changes.previous_score', 'changes.previous_n', 0, 100) }}
        as double
    ) as driver_score_change_error,
    wave_values.wave_date,
    wave_values.closes_on
from {{ ref('int_sentiment_wave_values') }} as wave_values
left join {{ ref('int_survey_wave_changes') }} as changes
    on
        wave_values.wave_key = changes.wave_key
        and wave_values.scope_type = changes.scope_type
        and wave_values.scope_id = changes.scope_id
        and wave_values.driver = changes.driver
