with visible as (

    select
        initiatives.*,
        settings.as_of,
        case when initiatives.started_at <= settings.as_of then initiatives.started_at end as seen_started_at,
        case when initiatives.done_at <= settings.as_of then initiatives.done_at end as seen_done_at,
        case when initiatives.cancelled_at <= settings.as_of then initiatives.cancelled_at end as seen_cancelled_at,
        initiatives.started_at is null and initiatives.flow_state in ('active', 'waiting') as is_start_unknown
    from {{ ref('stg_inbox__initiatives') }} as initiatives
    cross join {{ ref('int_settings') }} as settings
    where initiatives.contradiction is null and initiatives.created_at <= settings.as_of

)

select
    item_key,
    connection,
    initiative_id,
    title,
    source_url,
    team_id,
    value_stream_id,
    flow_item_type,
    case
        when seen_cancelled_at is not null then 'cancelled'
        when seen_done_at is not null then 'done'
        when seen_started_at is not null and flow_state = 'waiting' then 'waiting'
        when seen_started_at is not null then 'active'
        when is_start_unknown then flow_state
        else 'new'
    end as flow_state,
    case when is_start_unknown then flow_state else 'new' end as first_state,
    case when flow_state = 'waiting' then 'waiting' else 'active' end as started_state,
    is_start_unknown,
    field_history is not null as has_history,
    created_at,
    seen_started_at as started_at,
    seen_done_at as done_at,
    seen_cancelled_at as cancelled_at
from visible
