select
    {{ organization_text('payload', 'service_id') }} as service_id,
    {{ organization_text('payload', 'environment_pattern') }} as environment_pattern,
    {{ valid_range('payload') }}
from {{ source('organization', 'deployment_rules') }}
