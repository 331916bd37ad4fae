{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with lists as (

    select
        item_key,
        change_ordinal,
        changed_at as valid_from,
        to_value as sprint_ids
    from {{ ref('int_work_item_changes') }}
    where field = 'sprint' and is_visible and {{ of_affected_items('item_key') }}
    union all
    select
        item_key,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        from_value as sprint_ids
    from {{ ref('int_work_item_changes') }}
    where field = 'sprint' and change_ordinal = 1 and {{ of_affected_items('item_key') }}
    union all
    select
        issues.item_key,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        array_to_string({{ json_strings('issues.sprint_json', 'id') }}, ',') as sprint_ids
    from {{ ref('stg_jira__issues') }} as issues
    cross join {{ ref('int_settings') }} as settings
    where
        issues.sprint_json is not null
        and issues.created_at <= settings.as_of
        and {{ of_affected_items('issues.item_key') }}
        and issues.item_key not in (
            select changes.item_key
            from {{ ref('int_work_item_changes') }} as changes
            where changes.field = 'sprint'
        )

),

dated as (

    select
        item_key,
        change_ordinal,
        sprint_ids,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (partition by item_key order by change_ordinal) as valid_to
    from lists

),

memberships as (

    select
        item_key,
        change_ordinal,
        {{ explode("string_split(sprint_ids, ',')") }} as sprint_id,
        valid_from,
        valid_to
    from dated
    where sprint_ids != ''

),

named as (

    select distinct
        item_key,
        split_part(item_key, ':', 1) || ':' || trim(sprint_id) as sprint_key,
        change_ordinal,
        valid_from,
        valid_to
    from memberships
    where trim(sprint_id) != ''

),

islands as (

    select
        item_key,
        sprint_key,
        valid_from,
        valid_to,
        change_ordinal - row_number() over (partition by item_key, sprint_key order by change_ordinal) as island
    from named

)

select
    item_key,
    sprint_key,
    min(valid_from) as valid_from,
    max(valid_to) as valid_to
from islands
group by item_key, sprint_key, island
having min(valid_from) < max(valid_to)
