select
    items.item_key,
    items.connection,
    profiles.project_key,
    items.item_number,
    homes.item_level,
    profiles.issue_type_name as issue_type,
    homes.flow_item_type,
    facts.flow_state,
    homes.team_id,
    homes.value_stream_id,
    items.source_url,
    homes.is_shared,
    facts.is_reopened,
    facts.cancelled_at is not null as is_cancelled,
    items.is_deleted,
    facts.is_skipped,
    facts.created_at,
    facts.started_at,
    facts.done_at,
    facts.cancelled_at,
    facts.flow_seconds / 86400.0 as flow_time_days,
    facts.flow_final_seconds / 86400.0 as flow_time_final_days,
    facts.lead_seconds / 86400.0 as lead_time_days,
    facts.active_seconds / 86400.0 as active_days,
    facts.waiting_seconds / 86400.0 as waiting_days,
    facts.active_seconds / nullif(facts.active_seconds + facts.waiting_seconds, 0) as flow_efficiency
from {{ ref('int_work_items') }} as items
inner join {{ ref('int_work_item_facts') }} as facts on items.item_key = facts.item_key
inner join {{ ref('int_flow_item_homes') }} as homes on items.item_key = homes.item_key
inner join {{ ref('int_work_profiles') }} as profiles on homes.profile_key = profiles.profile_key
where homes.item_level in ('flow_item', 'initiative') and homes.flow_item_type is not null
