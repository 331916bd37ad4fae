with events as (

    select
        item_key,
        coalesce(to_value, from_value) as other_key,
        change_ordinal,
        changed_at,
        is_visible,
        to_value is not null as is_added
    from {{ ref('int_work_item_changes') }}
    where field = 'link' and lower(coalesce(to_text, from_text)) like '%is blocked by%'

),

versions as (

    select
        item_key,
        other_key,
        change_ordinal,
        changed_at as valid_from,
        is_added
    from events
    where is_visible
    union all
    select
        item_key,
        other_key,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        not is_added as is_added
    from events
    qualify row_number() over (partition by item_key, other_key order by change_ordinal) = 1
    union all
    select
        links.item_key,
        links.other_issue_key as other_key,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        true as is_added
    from {{ ref('stg_jira__issue_links') }} as links
    left join events
        on
            links.item_key = events.item_key
            and links.other_issue_key = events.other_key
    where links.direction = 'blocked_by' and events.item_key is null

),

dated as (

    select
        item_key,
        other_key,
        is_added,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (partition by item_key, other_key order by change_ordinal) as valid_to
    from versions

),

-- every key that an item ever had, also before it moved
keys as (

    select distinct
        item_key,
        split_part(item_key, ':', 1) as connection,
        value as issue_key
    from {{ ref('int_work_item_values') }}
    where field = 'project'

)

select
    dated.item_key,
    keys.item_key as blocking_item_key,
    min(dated.valid_from) as valid_from,
    max(dated.valid_to) as valid_to
from dated
inner join keys
    on
        split_part(dated.item_key, ':', 1) = keys.connection
        and dated.other_key = keys.issue_key
where dated.is_added and dated.valid_from < dated.valid_to and dated.item_key != keys.item_key
group by dated.item_key, keys.item_key, dated.valid_from
