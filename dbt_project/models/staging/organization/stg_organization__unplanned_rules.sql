select
    {{ organization_text('payload', 'connection') }} as connection,
    {{ organization_text('payload', 'project') }} as project,
    {{ organization_text('payload', 'field') }} as field,
    {{ organization_text('payload', 'value') }} as value,
    {{ valid_range('payload') }}
from {{ source('organization', 'unplanned_rules') }}
