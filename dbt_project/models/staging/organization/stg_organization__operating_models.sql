select
    {{ organization_text('payload', 'team_id') }} as team_id,
    {{ organization_text('payload', 'operating_model') }} as operating_model,
    {{ valid_range('payload') }}
from {{ source('organization', 'operating_models') }}
