select
    items.item_key as incident_key,
    items.connection,
    items.item_id as incident_id,
    defects.service_id,
    defects.severity,
    items.source_url,
    items.created_at as started_at,
    facts.done_at as resolved_at,
    facts.last_done_at as last_resolved_at,
    defects.reopened_times
from {{ ref('int_work_item_defects') }} as defects
inner join {{ ref('int_work_items') }} as items on defects.item_key = items.item_key
inner join {{ ref('int_work_item_facts') }} as facts on defects.item_key = facts.item_key
where defects.kind = 'incident' and not items.is_deleted and (facts.cancelled_at is null or facts.done_at is not null)
