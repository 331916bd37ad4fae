with items as (

    select
        wave_key,
        count(*) as items_count
    from {{ ref('stg_surveys__items') }}
    group by wave_key

),

responses as (

    select
        answers.response_key,
        answers.wave_key,
        answers.respondent,
        max(answers.submitted_at) as submitted_at,
        count(distinct answers.item) as answers_count
    from {{ ref('stg_surveys__answers') }} as answers
    cross join {{ ref('int_settings') }} as settings
    where answers.submitted_at is null or answers.submitted_at <= settings.as_of
    group by answers.response_key, answers.wave_key, answers.respondent

),

judged as (

    select
        responses.response_key,
        responses.wave_key,
        responses.respondent,
        responses.submitted_at,
        responses.answers_count >= items.items_count as is_complete,
        coalesce({{ local_date('responses.submitted_at', 'settings.time_zone') }} > waves.closes_on, false) as is_late
    from responses
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_survey_waves') }} as waves on responses.wave_key = waves.wave_key
    inner join items on responses.wave_key = items.wave_key

)

select
    response_key,
    wave_key,
    is_complete,
    is_late,
    submitted_at
from judged
qualify
    row_number() over (
        partition by wave_key, coalesce('respondent:' || respondent, 'response:' || response_key)
        order by is_late asc, is_complete desc, submitted_at desc nulls last, response_key desc
    ) = 1
