select
    {{ organization_text('payload', 'pattern') }} as pattern,
    {{ organization_text('payload', 'note') }} as note
from {{ source('organization', 'bots') }}
