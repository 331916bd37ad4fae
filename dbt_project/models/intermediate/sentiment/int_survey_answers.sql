with answers as (

    select
        answers.answer_key,
        answers.response_key,
        answers.wave_key,
        wave_teams.team_id,
        wave_teams.value_stream_id,
        items.driver,
        items.item,
        items.kind,
        items.scale_max - items.scale_min as scale_range,
        case
            when items.is_reversed then items.scale_max - answers.answer
            else answers.answer - items.scale_min
        end as points,
        waves.is_closed,
        responses.is_late,
        answers.submitted_at
    from {{ ref('stg_surveys__answers') }} as answers
    inner join {{ ref('int_survey_responses') }} as responses on answers.response_key = responses.response_key
    inner join {{ ref('int_survey_waves') }} as waves on answers.wave_key = waves.wave_key
    inner join {{ ref('stg_surveys__items') }} as items
        on
            answers.wave_key = items.wave_key
            and answers.item = items.item
            and answers.answer between items.scale_min and items.scale_max
            and items.scale_max > items.scale_min
    inner join {{ ref('int_survey_wave_teams') }} as wave_teams
        on
            answers.wave_key = wave_teams.wave_key
            and answers.team is not distinct from wave_teams.team

)

select
    answer_key,
    response_key,
    wave_key,
    team_id,
    value_stream_id,
    driver,
    item,
    kind,
    100 * points / scale_range as score,
    case
        when kind in ('likert', 'nps') and scale_range = 4 then points >= 3
        when kind in ('likert', 'nps') and scale_range = 6 then points >= 5
        when kind in ('likert', 'nps') and scale_range = 10 then points >= 8
        when kind = 'yes_no' then points = scale_range
    end as is_favourable,
    case when kind = 'nps' then points >= 9 end as is_promoter,
    case when kind = 'nps' then points <= 6 end as is_detractor,
    is_closed,
    is_late,
    submitted_at
from answers
