select
    {{ organization_text('payload', 'connection') }} as connection,
    {{ organization_text('payload', 'kind') }} as kind,
    {{ organization_text('payload', 'field') }} as field,
    lower({{ organization_text('payload', 'pattern') }}) as pattern,
    {{ valid_range('payload') }}
from {{ source('organization', 'repair_rules') }}
