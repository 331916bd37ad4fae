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

),

-- an issue may have had another key when it was named
written as (

    select
        dated.item_key,
        coalesce(lower(known.key_result_id), dated.key_result) as key_result,
        dated.valid_from,
        dated.valid_to
    from dated
    left join {{ ref('int_known_key_results') }} as known on dated.key_result = known.key_result
    where dated.valid_from < dated.valid_to

),

goal_names as (

    select distinct
        issues.connection,
        {{ explode('[issues.issue_id, issues.issue_key]') }} as name,
        known.key_result_id
    from {{ ref('int_known_key_results') }} as known
    inner join {{ ref('stg_jira__issues') }} as issues on known.item_key = issues.item_key

),

-- an initiative below a key result's issue names it as long as its field names none
above as (

    select
        epics.item_key,
        lower(goal_names.key_result_id) as key_result,
        epics.valid_from,
        epics.valid_to
    from {{ ref('int_work_item_values') }} as epics
    inner join initiatives on epics.item_key = initiatives.item_key
    inner join goal_names
        on
            split_part(epics.item_key, ':', 1) = goal_names.connection
            and coalesce(epics.value, epics.value_text) = goal_names.name
    where epics.field = 'epic'

),

edges as (

    select
        item_key,
        valid_from as edge
    from written
    where item_key in (select above.item_key from above)
    union
    select
        item_key,
        {{ explode('[valid_from, valid_to]') }} as edge
    from above

),

pieces as (

    select
        item_key,
        edge as valid_from,
        lead(edge, 1, {{ forever() }}) over (partition by item_key order by edge) as valid_to
    from edges

),

named as (

    select
        item_key,
        key_result,
        valid_from,
        valid_to
    from written
    where key_result is not null
    union all
    select
        pieces.item_key,
        above.key_result,
        pieces.valid_from,
        pieces.valid_to
    from pieces
    inner join above
        on
            pieces.item_key = above.item_key
            and pieces.valid_from >= above.valid_from
            and pieces.valid_from < above.valid_to
    left join written
        on
            pieces.item_key = written.item_key
            and pieces.valid_from >= written.valid_from
            and pieces.valid_from < written.valid_to
    where written.key_result is null

)

select
    named.item_key,
    named.key_result,
    named.valid_from,
    named.valid_to,
    {{ edge_to_date('named.valid_from', 'settings.time_zone') }} as first_date,
    {{ edge_to_date('named.valid_to', 'settings.time_zone') }} as end_date
from named
cross join {{ ref('int_settings') }} as settings
where named.valid_from < named.valid_to
