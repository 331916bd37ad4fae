with events as (

    select
        item_key,
        event,
        event_at,
        event_date,
        profile_key
    from {{ ref('int_open_item_events') }}

)

{{ item_scopes('events') }}
