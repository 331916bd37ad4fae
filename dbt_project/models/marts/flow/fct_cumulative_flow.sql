select
    scopes.scope_type,
    scopes.scope_id,
    scopes.date_day,
    scopes.item_level,
    scopes.flow_state,
    any_value(days.end_at) <= any_value(settings.as_of) as is_complete,
    cast(sum(scopes.items) as double) as items,
    cast(sum(scopes.entered_items) as double) as entered_items
from {{ ref('int_flow_daily_scopes') }} as scopes
inner join {{ ref('int_days') }} as days on scopes.date_day = days.date_day
cross join {{ ref('int_settings') }} as settings
group by scopes.scope_type, scopes.scope_id, scopes.date_day, scopes.item_level, scopes.flow_state
