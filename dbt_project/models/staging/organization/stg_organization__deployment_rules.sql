select
    {{ organization_text('payload', 'service_id') }} as service_id,
    {{ organization_text('payload', 'method', "'deployments'") }} as method,
    {{ organization_text('payload', 'environment_pattern') }} as environment_pattern,
    {{ organization_text('payload', 'workflow_pattern') }} as workflow_pattern,
    {{ organization_text('payload', 'job_pattern') }} as job_pattern,
    {{ organization_text('payload', 'tag_pattern') }} as tag_pattern,
    {{ valid_range('payload') }}
from {{ source('organization', 'deployment_rules') }}
