with words as (

    select
        kind,
        {{ words_of('word') }} as words,
        min(value) as value
    from {{ ref('outcome_words') }}
    group by all

)

select
    versions.item_key,
    case versions.field when 'outcome_verdict' then 'verdict' else 'outcome_type' end as kind,
    versions.version_ordinal,
    case when versions.value_text is not null then coalesce(words.value, 'unknown') end as value,
    versions.value_text,
    versions.valid_from,
    versions.valid_to
from {{ ref('int_initiative_field_versions') }} as versions
left join words
    on
        words.kind = case versions.field when 'outcome_verdict' then 'verdict' else 'outcome_type' end
        and {{ words_of("split_part(versions.value_text, chr(10), 1)") }} = words.words
where versions.field in ('outcome_verdict', 'outcome_type')
