select
    {{ organization_text('payload', 'member_id') }} as member_id,
    {{ organization_text('payload', 'team_id') }} as team_id,
    {{ organization_text('payload', 'role') }} as role,
    {{ valid_range('payload') }}
from {{ source('organization', 'memberships') }}
