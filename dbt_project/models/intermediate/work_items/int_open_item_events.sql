select
    facts.item_key,
    'as_of' as event,
    settings.as_of as event_at,
    settings.as_of_date as event_date,
    types.profile_key,
    types.workflow_key,
    types.flow_item_type,
    types.item_level
from {{ ref('int_work_item_facts') }} as facts
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('int_work_item_types') }} as types
    on
        facts.item_key = types.item_key
        and settings.as_of >= types.valid_from
        and settings.as_of < types.valid_to
where facts.done_at is null and facts.cancelled_at is null
