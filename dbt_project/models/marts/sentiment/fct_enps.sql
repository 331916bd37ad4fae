select
    wave_values.wave_key,
    wave_values.survey,
    wave_values.wave,
    wave_values.scope_type,
    wave_values.scope_id,
    wave_values.driver,
    wave_values.data_quality,
    cast(wave_values.enps as double) as enps,
    cast(wave_values.promoters_count as bigint) as promoters_count,
    cast(wave_values.passives_count as bigint) as passives_count,
    cast(wave_values.detractors_count as bigint) as detractors_count,
    cast(wave_values.n as bigint) as n,
    cast(changes.series as bigint) as series,
    changes.previous_wave_key,
    cast(changes.enps - changes.previous_enps as double) as enps_change,
    cast(
        {{ change_error('changes.enps', 'changes.n', 'changes.previous_enps', 'changes.previous_n', -100, 100) }}
        as double
    ) as enps_change_error,
    wave_values.wave_date,
    wave_values.closes_on
from {{ ref('int_sentiment_wave_values') }} as wave_values
inner join {{ ref('int_survey_wave_changes') }} as changes
    on
        wave_values.wave_key = changes.wave_key
        and wave_values.scope_type = changes.scope_type
        and wave_values.scope_id = changes.scope_id
        and wave_values.driver = changes.driver
where changes.has_nps
