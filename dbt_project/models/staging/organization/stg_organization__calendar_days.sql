select
    {{ organization_text('payload', 'kind') }} as kind,
    {{ organization_text('payload', 'name') }} as name,
    cast({{ organization_text('payload', 'date') }} as date) as calendar_date
from {{ source('organization', 'calendar') }}
