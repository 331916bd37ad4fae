select
    {{ organization_text('payload', 'service_id') }} as service_id,
    {{ organization_text('payload', 'service_name') }} as service_name,
    {{ valid_range('payload') }}
from {{ source('organization', 'services') }}
