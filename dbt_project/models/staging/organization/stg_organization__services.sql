select
    {{ organization_text('payload', 'service_id') }} as service_id,
    {{ organization_text('payload', 'service_name') }} as service_name,
    coalesce(cast({{ organization_text('payload', 'incident_window_hours') }} as integer), 24) as incident_window_hours,
    {{ valid_range('payload') }}
from {{ source('organization', 'services') }}
