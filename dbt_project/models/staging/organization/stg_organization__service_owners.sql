select
    {{ organization_text('payload', 'service_id') }} as service_id,
    {{ organization_text('payload', 'team_id') }} as team_id,
    {{ valid_range('payload') }}
from {{ source('organization', 'service_owners') }}
