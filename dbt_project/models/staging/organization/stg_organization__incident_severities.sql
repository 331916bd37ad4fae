select
    {{ organization_text('payload', 'connection') }} as connection,
    {{ organization_text('payload', 'severity') }} as severity,
    {{ organization_text('payload', 'is_incident') }} = 'yes' as is_incident,
    {{ valid_range('payload') }}
from {{ source('organization', 'incident_severities') }}
