{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

-- depends_on: {{ ref('int_work_item_refreshes') }}
with status_changes as (

    select
        items.item_key,
        items.changed_at,
        items.from_value as from_status_id,
        items.from_text as from_status_name,
        items.to_value as to_status_id,
        items.to_text as to_status_name,
        row_number() over (
            partition by items.item_key
            order by
                items.changed_at,
                try_cast(items.history_id as bigint),
                items.history_id,
                items.item_position
        ) as transition_ordinal
    from {{ ref('stg_jira__changelog_items') }} as items
    where lower(items.field_id) = 'status' and {{ of_affected_items('items.item_key') }}

)

select
    status_changes.item_key,
    status_changes.transition_ordinal,
    status_changes.changed_at,
    status_changes.from_status_id,
    status_changes.from_status_name,
    status_changes.to_status_id,
    status_changes.to_status_name,
    coalesce(
        status_changes.from_status_id
        = lag(status_changes.to_status_id) over (
            partition by status_changes.item_key
            order by status_changes.transition_ordinal
        ),
        status_changes.transition_ordinal = 1
    ) as is_continuous,
    status_changes.changed_at <= settings.as_of as is_visible
from status_changes
cross join {{ ref('int_settings') }} as settings
