with open_drivers as (

    select distinct
        wave_key,
        driver
    from {{ ref('int_sentiment_blocks') }}
    where not is_told

),

answers as (

    select
        scores.wave_key,
        scores.driver,
        scores.team_id,
        {{ stable_hash(['scores.response_key', 'cast(scores.score as decimal(9, 6))', 'scores.favourable_answers',
            'scores.favourable_count', 'scores.promotion']) }} as answer_hash,
        scores.score,
        scores.favourable_answers,
        scores.favourable_count,
        scores.promotion
    from {{ ref('int_survey_driver_scores') }} as scores
    inner join open_drivers
        on
            scores.wave_key = open_drivers.wave_key
            and scores.driver = open_drivers.driver
    union all
    select distinct
        scores.wave_key,
        'all' as driver,
        scores.team_id,
        {{ stable_hash(['scores.response_key']) }} as answer_hash,
        cast(null as double) as score,
        cast(null as bigint) as favourable_answers,
        cast(null as bigint) as favourable_count,
        cast(null as integer) as promotion
    from {{ ref('int_survey_driver_scores') }} as scores
    inner join (select distinct wave_key from open_drivers) as open_waves on scores.wave_key = open_waves.wave_key

)

select
    team_blocks.wave_key,
    team_blocks.driver,
    team_blocks.scope_type,
    team_blocks.scope_id,
    coalesce(blocks.published_version, 0) + 1 as version,
    answers.answer_hash,
    answers.score,
    answers.favourable_answers,
    answers.favourable_count,
    answers.promotion,
    settings.as_of
from answers
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('int_sentiment_team_blocks') }} as team_blocks
    on
        answers.wave_key = team_blocks.wave_key
        and answers.driver = team_blocks.driver
        and answers.team_id = team_blocks.team_id
inner join {{ ref('int_sentiment_blocks') }} as blocks
    on {{ same_columns('team_blocks', 'blocks', ['wave_key', 'driver', 'scope_type', 'scope_id']) }}
