-- a verdict before Done counts from Done on
with verdicts as (

    select
        words.item_key,
        reviews.connection,
        reviews.team_id,
        reviews.value_stream_id,
        words.version_ordinal,
        words.value as verdict,
        greatest(words.valid_from, reviews.done_at) as verdict_at
    from {{ ref('int_initiative_words') }} as words
    inner join {{ ref('int_initiative_reviews') }} as reviews on words.item_key = reviews.item_key
    where words.kind = 'verdict' and words.value is not null and words.valid_to > reviews.done_at

)

select
    verdicts.item_key,
    verdicts.connection,
    verdicts.team_id,
    verdicts.value_stream_id,
    verdicts.version_ordinal,
    verdicts.verdict,
    verdicts.verdict_at,
    periods.period_grain,
    periods.period_start,
    row_number() over (
        partition by verdicts.item_key, periods.period_grain, periods.period_start
        order by verdicts.version_ordinal desc
    ) = 1 as is_last_of_period
from verdicts
inner join {{ ref('int_periods') }} as periods
    on
        verdicts.verdict_at >= periods.start_at
        and verdicts.verdict_at < periods.end_at
