select
    waves.wave_key,
    waves.connection,
    waves.survey,
    waves.wave,
    waves.instrument_version,
    waves.wave_date,
    waves.closes_on,
    -- the last day belongs to the wave: closed from the local day after closes_on
    waves.closes_on < settings.as_of_date as is_closed
from {{ ref('stg_surveys__waves') }} as waves
cross join {{ ref('int_settings') }} as settings
where waves.wave_date <= settings.as_of_date
