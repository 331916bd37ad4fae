with shown as (

    select
        wave_values.*,
        drivers.connection,
        drivers.has_nps,
        drivers.series,
        drivers.previous_wave_key
    from {{ ref('int_sentiment_wave_values') }} as wave_values
    inner join {{ ref('int_survey_wave_drivers') }} as drivers
        on
            wave_values.wave_key = drivers.wave_key
            and wave_values.driver = drivers.driver

),

baselines as (

    select
        connection,
        survey,
        scope_type,
        scope_id,
        driver,
        series,
        wave_key as baseline_wave_key,
        closes_on as baseline_closes_on,
        driver_score as baseline_score,
        n as baseline_n
    from shown
    where driver_score is not null
    qualify
        row_number() over (
            partition by connection, survey, scope_type, scope_id, driver, series
            order by closes_on, wave_key
        ) = 1

)

select
    shown.wave_key,
    shown.scope_type,
    shown.scope_id,
    shown.driver,
    shown.closes_on,
    shown.has_nps,
    shown.series,
    shown.driver_score,
    shown.enps,
    shown.n,
    shown.data_quality,
    shown.previous_wave_key,
    previous.closes_on as previous_closes_on,
    previous.driver_score as previous_score,
    previous.enps as previous_enps,
    previous.n as previous_n,
    baselines.baseline_wave_key,
    baselines.baseline_closes_on,
    baselines.baseline_score,
    baselines.baseline_n
from shown
left join shown as previous
    on
        shown.previous_wave_key = previous.wave_key
        and shown.scope_type = previous.scope_type
        and shown.scope_id = previous.scope_id
        and shown.driver = previous.driver
left join baselines
    on
        shown.connection = baselines.connection
        and shown.survey = baselines.survey
        and shown.scope_type = baselines.scope_type
        and shown.scope_id = baselines.scope_id
        and shown.driver = baselines.driver
        and shown.series = baselines.series
        and shown.wave_key != baselines.baseline_wave_key
        and shown.closes_on >= baselines.baseline_closes_on
