select
    scopes.scope_type,
    scopes.scope_id,
    scopes.date_day,
    scopes.item_level,
    scopes.flow_state,
    scopes.flow_item_type,
    days.end_at <= settings.as_of as is_complete,
    cast(scopes.items as double) as items
from {{ ref('int_flow_daily_scopes') }} as scopes
inner join {{ ref('int_days') }} as days on scopes.date_day = days.date_day
cross join {{ ref('int_settings') }} as settings
where scopes.flow_state in ('active', 'waiting')
