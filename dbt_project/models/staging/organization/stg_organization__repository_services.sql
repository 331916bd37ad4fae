select
    {{ organization_text('payload', 'connection') }} as connection,
    {{ organization_text('payload', 'repository') }} as repository,
    {{ organization_text('payload', 'service_id') }} as service_id,
    {{ valid_range('payload') }}
from {{ source('organization', 'repository_services') }}
