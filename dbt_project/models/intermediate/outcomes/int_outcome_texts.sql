with raw_texts as (

    select distinct value_text as raw_text
    from {{ ref('int_initiative_field_versions') }}
    where field in ('anticipated_outcome', 'actual_outcome') and value_text is not null

),

documents as (

    select
        raw_text,
        {{ document_text('raw_text') }} as text
    from raw_texts

),

readable as (

    select
        raw_text,
        text as document_text,
        -- few texts hold markup, fewer a link
        case when {{ matches_regex('text', "'[<\\[{!&]'") }} then {{ readable_text('text') }} else text end as text,
        case
            when {{ matches_regex('lower(text)', "'://|www\\.|mailto:|\\]\\(|!\\S+\\.[a-z]|<a '") }}
                then {{ readable_text('text', 'out') }}
        end as unlinked_text
    from documents

),

worded as (

    select
        raw_text,
        document_text,
        lower({{ squeeze('text') }}) as text,
        {{ words_of('text') }} as words,
        case when unlinked_text is not null then {{ words_of('unlinked_text') }} end as unlinked_words
    from readable

),

templates as (

    select
        {{ words_of("coalesce(outcome_template, '')") }} as template_words,
        outcome_min_words
    from {{ ref('int_settings') }}

),

counted as (

    select
        worded.raw_text,
        worded.document_text,
        worded.text,
        worded.words,
        worded.unlinked_words,
        {{ word_count('worded.words') }} as word_count,
        templates.outcome_min_words,
        case
            when templates.template_words = '' then null
            when contains(worded.words, templates.template_words)
                then trim(replace(worded.words, templates.template_words, ''))
            when contains(templates.template_words, worded.words) and contains(worded.words, ' ') then ''
        end as beside_template
    from worded
    cross join templates

),

phrases as (

    select
        rule,
        match,
        {{ words_of('text') }} as words
    from {{ ref('placeholder_texts') }}
    where match != 'regex'

),

-- a heading that stands before the placeholder says nothing
candidates as (

    select
        raw_text,
        words
    from counted
    union
    select
        raw_text,
        unlinked_words as words
    from counted
    where unlinked_words is not null
    union
    select
        raw_text,
        beside_template as words
    from counted
    where beside_template is not null
    union
    select
        counted.raw_text,
        trim(substring(counted.words, len(labels.words) + 1)) as words
    from counted
    inner join phrases as labels on starts_with(counted.words, labels.words || ' ')
    where labels.match = 'label' and counted.word_count <= 12

),

exact_matches as (

    select
        candidates.raw_text,
        candidates.words,
        phrases.rule
    from candidates
    inner join phrases on candidates.words = phrases.words
    where phrases.match in ('exact', 'label')
    union all
    select
        candidates.raw_text,
        candidates.words,
        phrases.rule
    from candidates
    inner join phrases on starts_with(candidates.words, phrases.words || ' ')
    where phrases.match = 'begins' and {{ word_count('candidates.words') }} <= 6

),

-- a pattern is only tried on a text that holds what each of its matches holds; conditions have no order, a case has
pattern_matches as (

    select
        counted.raw_text,
        placeholders.rule
    from counted
    inner join {{ ref('placeholder_texts') }} as placeholders
        on
            case
                when placeholders.match != 'regex' then false
                when not contains(counted.text, placeholders.contains_text) then false
                else {{ matches_regex('counted.text', 'placeholders.text') }}
            end

),

matches as (

    select
        counted.raw_text,
        coalesce(bool_or(exact_matches.words = counted.unlinked_words), false) as is_of_link,
        coalesce(bool_or(exact_matches.words = counted.beside_template), false) as is_of_template,
        min(exact_matches.rule) filter (where exact_matches.rule != 'link_only') as rule
    from counted
    inner join exact_matches on counted.raw_text = exact_matches.raw_text
    group by counted.raw_text

),

patterns as (

    select
        raw_text,
        min(rule) as rule
    from pattern_matches
    group by raw_text

)

select
    counted.raw_text,
    counted.words,
    case
        when counted.words = '' and contains(counted.document_text, '<!--') then 'template'
        when counted.unlinked_words = '' or matches.is_of_link then 'link_only'
        when counted.text = '' then 'blank'
        when counted.words = '' and {{ matches_regex('counted.text', "'\\p{So}'") }} then 'emoji_only'
        when counted.words = '' then 'placeholder'
        when counted.beside_template = '' or matches.is_of_template then 'template'
        when patterns.rule is not null then patterns.rule
        when matches.rule is not null then matches.rule
        when counted.word_count < counted.outcome_min_words then 'too_short'
    end as rejected_by
from counted
left join matches on counted.raw_text = matches.raw_text
left join patterns on counted.raw_text = patterns.raw_text
