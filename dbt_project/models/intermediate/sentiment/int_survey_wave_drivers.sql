with asked as (

    select
        waves.wave_key,
        waves.connection,
        waves.survey,
        waves.closes_on,
        items.driver,
        string_agg(
            concat_ws(
                '|', items.first_item, items.wording, items.kind, items.scale_min, items.scale_max, items.is_reversed
            ),
            ';' order by items.first_item, items.wording, items.kind, items.scale_min, items.scale_max
        ) as questions,
        bool_or(items.kind = 'nps') as has_nps
    from {{ ref('int_survey_waves') }} as waves
    inner join {{ ref('stg_surveys__items') }} as items on waves.wave_key = items.wave_key
    group by waves.wave_key, waves.connection, waves.survey, waves.closes_on, items.driver

),

compared as (

    select
        *,
        lag(wave_key) over (partition by connection, survey, driver order by closes_on, wave_key) as last_wave_key,
        coalesce(
            questions != lag(questions) over (partition by connection, survey, driver order by closes_on, wave_key),
            false
        ) as is_asked_anew
    from asked

)

select
    wave_key,
    connection,
    survey,
    closes_on,
    driver,
    has_nps,
    1 + count(*) filter (where is_asked_anew)
        over (partition by connection, survey, driver order by closes_on, wave_key) as series,
    case when not is_asked_anew then last_wave_key end as previous_wave_key
from compared
