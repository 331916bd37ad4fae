select
    {{ organization_text('payload', 'team_id') }} as team_id,
    {{ organization_text('payload', 'team_name') }} as team_name,
    {{ valid_range('payload') }}
from {{ source('organization', 'teams') }}
