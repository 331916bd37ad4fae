{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with events as (

    select
        item_key,
        event,
        event_at,
        event_date,
        profile_key
    from {{ ref('int_work_item_events') }}
    where {{ of_affected_items('item_key') }}

)

{{ item_scopes('events') }}
