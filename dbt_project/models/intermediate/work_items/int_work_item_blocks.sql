{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with flags as (

    select
        changes.item_key,
        changes.change_ordinal,
        changes.changed_at as valid_from,
        coalesce(changes.to_text, changes.to_value, '') != '' as is_flagged
    from {{ ref('int_work_item_changes') }} as changes
    where changes.field = 'flagged' and changes.is_visible and {{ of_affected_items('changes.item_key') }}
    union all
    select
        item_key,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        coalesce(from_text, from_value, '') != '' as is_flagged
    from {{ ref('int_work_item_changes') }}
    where field = 'flagged' and change_ordinal = 1 and {{ of_affected_items('item_key') }}
    union all
    select
        issues.item_key,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        true as is_flagged
    from {{ ref('stg_jira__issues') }} as issues
    cross join {{ ref('int_settings') }} as settings
    where
        issues.is_flagged
        and {{ of_affected_items('issues.item_key') }}
        and issues.created_at <= settings.as_of
        and issues.item_key not in (
            select changes.item_key
            from {{ ref('int_work_item_changes') }} as changes
            where changes.field = 'flagged'
        )

),

dated_flags as (

    select
        item_key,
        is_flagged,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (partition by item_key order by change_ordinal) as valid_to
    from flags

),

stays as (

    select
        item_key,
        valid_from,
        valid_to
    from dated_flags
    where is_flagged and valid_from < valid_to
    union all
    select
        item_key,
        valid_from,
        valid_to
    from {{ ref('int_work_item_state_intervals') }}
    where is_blocked and {{ of_affected_items('item_key') }}

),

bounded as (

    select
        item_key,
        valid_from,
        valid_to,
        max(valid_to) over (
            partition by item_key
            order by valid_from, valid_to
            rows between unbounded preceding and 1 preceding
        ) as reached
    from stays

),

islands as (

    select
        item_key,
        valid_from,
        valid_to,
        sum(case when valid_from <= reached then 0 else 1 end) over (
            partition by item_key
            order by valid_from, valid_to
            rows between unbounded preceding and current row
        ) as island
    from bounded

)

select
    item_key,
    min(valid_from) as valid_from,
    max(valid_to) as valid_to
from islands
group by item_key, island
