-- the key result an initiative names, from when on; a day belongs to what stands there at its end
with initiatives as (

    select distinct item_key
    from {{ ref('int_work_item_types') }}
    where item_level = 'initiative'

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
    where changes.field = 'key_result'

),

versions as (

    select
        issues.item_key,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        case
            when changes.item_key is not null then changes.from_text
            when left(issues.key_result, 1) = '{'
                then {{ json_text("case when left(issues.key_result, 1) = '{' then issues.key_result end", 'value') }}
            else issues.key_result
        end as key_result
    from {{ ref('stg_jira__issues') }} as issues
    inner join initiatives on issues.item_key = initiatives.item_key
    left join changes
        on
            issues.item_key = changes.item_key
            and changes.change_ordinal = 1
    union all
    select
        item_key,
        change_ordinal,
        changed_at as valid_from,
        to_text as key_result
    from changes
    where is_visible
    union all
    select
        item_key,
        version_ordinal as change_ordinal,
        valid_from,
        value_text as key_result
    from {{ ref('int_filed_initiative_versions') }}
    where field = 'key_result'

),

dated as (

    select
        item_key,
        lower(nullif(trim(key_result), '')) as key_result,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (partition by item_key order by change_ordinal) as valid_to
    from versions

)

select
    dated.item_key,
    dated.key_result,
    dated.valid_from,
    dated.valid_to,
    {{ edge_to_date('dated.valid_from', 'settings.time_zone') }} as first_date,
    {{ edge_to_date('dated.valid_to', 'settings.time_zone') }} as end_date
from dated
cross join {{ ref('int_settings') }} as settings
where dated.key_result is not null and dated.valid_from < dated.valid_to
