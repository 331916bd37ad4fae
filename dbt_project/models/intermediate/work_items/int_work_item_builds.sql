{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='item_key',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

-- depends_on: {{ ref('int_work_item_changes') }}
-- depends_on: {{ ref('int_work_item_transitions') }}
-- depends_on: {{ ref('int_work_item_status_intervals') }}
-- depends_on: {{ ref('int_work_item_values') }}
-- depends_on: {{ ref('int_work_item_profiles') }}
-- depends_on: {{ ref('int_work_item_types') }}
-- depends_on: {{ ref('int_work_item_state_intervals') }}
-- depends_on: {{ ref('int_work_item_blocks') }}
-- depends_on: {{ ref('int_work_item_sprints') }}
-- depends_on: {{ ref('int_work_item_numbers') }}
-- depends_on: {{ ref('int_work_item_episodes') }}
-- depends_on: {{ ref('int_work_item_facts') }}
-- depends_on: {{ ref('int_work_item_states') }}
-- depends_on: {{ ref('int_work_item_stays') }}
-- depends_on: {{ ref('int_work_item_events') }}
-- depends_on: {{ ref('int_work_item_scopes') }}
-- depends_on: {{ ref('int_work_items') }}
-- depends_on: {{ ref('int_flow_event_scopes') }}
-- depends_on: {{ ref('int_flow_item_homes') }}
-- depends_on: {{ ref('int_flow_open_items') }}
-- depends_on: {{ ref('int_work_item_dependencies') }}
-- depends_on: {{ ref('int_sprint_items') }}
-- depends_on: {{ ref('fct_flow_items') }}
-- depends_on: {{ ref('fct_flow_item_states') }}
select
    item_key,
    version
from {{ ref('int_work_item_refreshes') }}
where version is not null
