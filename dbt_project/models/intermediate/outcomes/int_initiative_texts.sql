with versions as (

    select
        outcomes.item_key,
        outcomes.version_ordinal,
        outcomes.words,
        outcomes.rejected_by,
        outcomes.valid_from,
        outcomes.valid_to,
        lag(outcomes.words) over (
            partition by outcomes.item_key
            order by outcomes.version_ordinal
        ) as previous_words,
        lives.created_at,
        lives.started_at,
        lives.done_at,
        settings.as_of
    from {{ ref('int_initiative_outcomes') }} as outcomes
    inner join {{ ref('int_initiative_lives') }} as lives on outcomes.item_key = lives.item_key
    cross join {{ ref('int_settings') }} as settings
    where outcomes.field = 'anticipated_outcome'

)

select
    item_key,
    bool_or(rejected_by is null and created_at >= valid_from and created_at < valid_to) as had_outcome_at_creation,
    case
        when started_at is not null
            then bool_or(rejected_by is null and started_at >= valid_from and started_at < valid_to)
    end as had_outcome_at_start,
    case
        when done_at is not null
            then bool_or(rejected_by is null and done_at >= valid_from and done_at < valid_to)
    end as had_outcome_at_done,
    bool_or(rejected_by is null and valid_to = {{ forever() }}) as has_outcome_now,
    min(rejected_by) filter (
        where least(done_at, as_of) >= valid_from and least(done_at, as_of) < valid_to
    ) as rejected_by,
    greatest(created_at, min(valid_from) filter (where rejected_by is null)) as outcome_first_stated_at,
    case
        when started_at is not null
            then
                count(*) filter (
                    where
                    valid_from > started_at
                    and valid_from <= coalesce(done_at, as_of)
                    and coalesce(words, '') != coalesce(previous_words, '')
                )
    end as outcome_changes_after_start,
    case
        when done_at is not null
            then
                count(*) filter (
                    where valid_from > done_at and coalesce(words, '') != coalesce(previous_words, '')
                )
    end as outcome_changes_after_done
from versions
group by item_key, created_at, started_at, done_at
