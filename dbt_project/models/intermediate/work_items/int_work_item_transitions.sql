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
        items.history_number,
        items.history_id,
        items.item_position,
        items.from_value as from_status_id,
        items.from_text as from_status_name,
        items.to_value as to_status_id,
        items.to_text as to_status_name
    from {{ ref('stg_jira__changelog_items') }} as items
    where items.field = 'status' and {{ of_affected_items('items.item_key') }}

)

-- one window for all: the sort of the moves is what this model costs
select
    status_changes.item_key,
    row_number() over moves as transition_ordinal,
    status_changes.changed_at,
    lead(status_changes.changed_at) over moves as next_changed_at,
    status_changes.from_status_id,
    status_changes.from_status_name,
    status_changes.to_status_id,
    status_changes.to_status_name,
    coalesce(
        status_changes.from_status_id = lag(status_changes.to_status_id) over moves,
        row_number() over moves = 1
    ) as is_continuous,
    coalesce(status_changes.changed_at = lag(status_changes.changed_at) over moves, false) as is_simultaneous,
    coalesce(
        status_changes.history_number > lead(status_changes.history_number) over moves
        and lead(status_changes.changed_at) over moves <= settings.as_of,
        false
    ) as is_clock_backwards,
    status_changes.changed_at <= settings.as_of as is_visible
from status_changes
cross join {{ ref('int_settings') }} as settings
window
    moves as (
        partition by status_changes.item_key
        order by
            status_changes.changed_at,
            status_changes.history_number,
            status_changes.history_id,
            status_changes.item_position
    )
