with initiatives as (

    select distinct item_key
    from {{ ref('int_work_item_types') }}
    where item_level = 'initiative'

),

issues as (

    select
        issues.item_key,
        case
            when left(issues.anticipated_outcome, 1) = '{'
                then
                    concat_ws(
                        ' ',
                        array_to_string({{ json_strings_within('issues.anticipated_outcome', 'text') }}, ' '),
                        array_to_string({{ json_strings_within('issues.anticipated_outcome', 'url') }}, ' ')
                    )
            else issues.anticipated_outcome
        end as outcome_text
    from {{ ref('stg_jira__issues') }} as issues
    inner join initiatives on issues.item_key = initiatives.item_key

),

changes as (

    select
        changes.item_key,
        changes.change_ordinal,
        changes.changed_at,
        changes.from_text,
        changes.to_text,
        changes.is_visible
    from {{ ref('int_work_item_changes') }} as changes
    inner join initiatives on changes.item_key = initiatives.item_key
    where changes.field = 'anticipated_outcome'

),

versions as (

    select
        issues.item_key,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        case when changes.item_key is null then issues.outcome_text else changes.from_text end as outcome_text
    from issues
    left join changes
        on
            issues.item_key = changes.item_key
            and changes.change_ordinal = 1
    union all
    select
        item_key,
        change_ordinal,
        changed_at as valid_from,
        to_text as outcome_text
    from changes
    where is_visible

),

dated as (

    select
        item_key,
        change_ordinal as version_ordinal,
        {{ squeeze("coalesce(outcome_text, '')") }} as outcome_text,
        {{ bare("coalesce(outcome_text, '')") }} as bare_text,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (partition by item_key order by change_ordinal) as valid_to
    from versions

),

titled as (

    select
        dated.item_key,
        dated.version_ordinal,
        dated.outcome_text,
        dated.bare_text,
        dated.valid_from,
        dated.valid_to,
        bool_or({{ bare('titles.value_text') }} = dated.bare_text) as is_title
    from dated
    left join {{ ref('int_work_item_values') }} as titles
        on
            dated.item_key = titles.item_key
            and titles.field = 'title'
            and dated.valid_to > titles.valid_from
            and dated.valid_from < titles.valid_to
    where dated.valid_from < dated.valid_to
    group by all

),

matches as (

    select
        titled.item_key,
        titled.version_ordinal,
        placeholders.rule
    from titled
    inner join {{ ref('placeholder_texts') }} as placeholders on titled.bare_text = placeholders.text
    where placeholders.match = 'exact'
    union all
    -- a pattern is only tried on a text that holds what each of its matches holds; conditions have no order, a case has
    select
        titled.item_key,
        titled.version_ordinal,
        placeholders.rule
    from titled
    inner join {{ ref('placeholder_texts') }} as placeholders
        on
            case
                when placeholders.match != 'regex' then false
                when not contains(lower(titled.outcome_text), coalesce(placeholders.contains_text, '')) then false
                else {{ matches_regex('lower(titled.outcome_text)', 'placeholders.text') }}
            end

),

rules as (

    select
        item_key,
        version_ordinal,
        min(rule) as rule
    from matches
    group by item_key, version_ordinal

)

select
    titled.item_key,
    titled.version_ordinal,
    titled.valid_from,
    titled.valid_to,
    case
        when titled.outcome_text = '' then 'blank'
        when titled.bare_text = '' then 'placeholder'
        when rules.rule is not null then rules.rule
        when titled.is_title then 'copy_of_title'
    end as rejected_by
from titled
left join rules
    on
        titled.item_key = rules.item_key
        and titled.version_ordinal = rules.version_ordinal
