select
    {{ organization_text('payload', 'connection') }} as connection,
    {{ organization_text('payload', 'project') }} as project,
    {{ organization_text('payload', 'issue_type') }} as issue_type,
    {{ organization_text('payload', 'status') }} as status,
    {{ organization_text('payload', 'flow_state') }} as flow_state,
    {{ organization_text('payload', 'stage') }} as stage,
    cast({{ organization_text('payload', 'stage_order') }} as integer) as stage_order,
    coalesce({{ organization_text('payload', 'is_blocked') }} = 'yes', false) as is_blocked,
    {{ valid_range('payload') }}
from {{ source('organization', 'status_mappings') }}
