{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with items as (

    select
        issues.item_key,
        issues.connection,
        issues.status_id,
        issues.status_name,
        issues.created_at,
        availabilities.availability,
        availabilities.changed_at as gone_at,
        settings.as_of
    from {{ ref('stg_jira__issues') }} as issues
    cross join {{ ref('int_settings') }} as settings
    left join {{ ref('stg_jira__issue_availabilities') }} as availabilities
        on
            issues.item_key = availabilities.connection || ':' || availabilities.issue_id
            and availabilities.availability != 'available'
            and settings.as_of >= availabilities.changed_at
    where issues.created_at <= settings.as_of and {{ of_affected_items('issues.item_key') }}

),

-- moves know when the next one was, so no window over all of them is needed
entries as (

    select
        items.item_key,
        items.connection,
        0 as entry_ordinal,
        items.created_at as valid_from,
        case when first_transitions.item_key is null then items.status_id else first_transitions.from_status_id end
            as status_id,
        case when first_transitions.item_key is null then items.status_name else first_transitions.from_status_name end
            as status_name,
        false as is_deletion,
        case
            when first_transitions.is_visible then greatest(first_transitions.changed_at, items.created_at)
        end as next_from,
        items.gone_at
    from items
    left join {{ ref('int_work_item_transitions') }} as first_transitions
        on
            items.item_key = first_transitions.item_key
            and first_transitions.transition_ordinal = 1
    union all
    select
        transitions.item_key,
        items.connection,
        transitions.transition_ordinal as entry_ordinal,
        greatest(transitions.changed_at, items.created_at) as valid_from,
        transitions.to_status_id as status_id,
        transitions.to_status_name as status_name,
        false as is_deletion,
        case
            when transitions.next_changed_at <= items.as_of then greatest(transitions.next_changed_at, items.created_at)
        end as next_from,
        items.gone_at
    from {{ ref('int_work_item_transitions') }} as transitions
    inner join items on transitions.item_key = items.item_key
    where transitions.is_visible
    union all
    select
        item_key,
        connection,
        2147483647 as entry_ordinal,
        gone_at as valid_from,
        cast(null as {{ text_type() }}) as status_id,
        cast(null as {{ text_type() }}) as status_name,
        true as is_deletion,
        cast(null as timestamp) as next_from,
        cast(null as timestamp) as gone_at
    from items
    where availability = 'deleted'

),

dated as (

    select
        item_key,
        connection,
        entry_ordinal,
        status_id,
        status_name,
        is_deletion,
        valid_from,
        least(coalesce(next_from, {{ forever() }}), coalesce(gone_at, {{ forever() }})) as valid_to
    from entries

)

select
    item_key,
    connection,
    entry_ordinal,
    status_id,
    status_name,
    is_deletion,
    valid_from,
    valid_to
from dated
where valid_from < valid_to
