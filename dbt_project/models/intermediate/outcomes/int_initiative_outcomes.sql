with versions as (

    select
        versions.item_key,
        versions.field,
        versions.version_ordinal,
        versions.valid_from,
        versions.valid_to,
        texts.words,
        case when versions.value_text is null then 'blank' else texts.rejected_by end as rejected_by
    from {{ ref('int_initiative_field_versions') }} as versions
    left join {{ ref('int_outcome_texts') }} as texts on versions.value_text = texts.raw_text
    where versions.field in ('anticipated_outcome', 'actual_outcome')

),

titles as (

    select
        titles.item_key,
        titles.valid_from,
        titles.valid_to,
        {{ words_of('titles.value_text') }} as words
    from {{ ref('int_work_item_values') }} as titles
    inner join (
        select distinct item_key
        from versions
    ) as initiatives on titles.item_key = initiatives.item_key
    where titles.field = 'title' and titles.value_text is not null
    union all
    select
        item_key,
        {{ beginning() }} as valid_from,
        {{ forever() }} as valid_to,
        {{ words_of('title') }} as words
    from {{ ref('int_filed_initiatives') }}

),

copies as (

    select distinct
        versions.item_key,
        versions.field,
        versions.version_ordinal
    from versions
    inner join titles
        on
            versions.item_key = titles.item_key
            and versions.words = titles.words
            and versions.valid_from < titles.valid_to
            and versions.valid_to > titles.valid_from

)

select
    versions.item_key,
    versions.field,
    versions.version_ordinal,
    versions.valid_from,
    versions.valid_to,
    versions.words,
    case
        when versions.rejected_by is not null and versions.rejected_by != 'too_short' then versions.rejected_by
        when copies.item_key is not null then 'copy_of_title'
        else versions.rejected_by
    end as rejected_by
from versions
left join copies
    on
        versions.item_key = copies.item_key
        and versions.field = copies.field
        and versions.version_ordinal = copies.version_ordinal
