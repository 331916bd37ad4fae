select
    {{ organization_text('payload', 'connection') }} as connection,
    {{ organization_text('payload', 'tool_service') }} as tool_service,
    {{ organization_text('payload', 'service_id') }} as service_id,
    {{ valid_range('payload') }}
from {{ source('organization', 'incident_services') }}
