{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items(with_open=true) }}"
) }}

-- depends_on: {{ ref('int_work_item_refreshes') }}
-- depends_on: {{ ref('int_open_item_events') }}
select
    states.item_key,
    homes.item_level,
    states.flow_state,
    states.stage,
    states.status_id,
    statuses.status_name as status,
    states.entries,
    (
        coalesce(states.microseconds, 0)
        + coalesce({{ microseconds_between('states.open_since', 'settings.as_of') }}, 0)
    ) / 86400000000.0 as days
from {{ ref('int_work_item_states') }} as states
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('int_flow_item_homes') }} as homes on states.item_key = homes.item_key
left join {{ ref('stg_jira__statuses') }} as statuses
    on
        split_part(states.item_key, ':', 1) = statuses.connection
        and states.status_id = statuses.status_id
where
    homes.item_level in ('flow_item', 'initiative')
    and homes.flow_item_type is not null
    and {{ of_affected_items('states.item_key', with_open=true) }}
    and {{ of_affected_items('homes.item_key', with_open=true) }}
