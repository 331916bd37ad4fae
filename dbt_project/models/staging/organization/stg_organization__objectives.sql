select
    {{ organization_text('payload', 'objective_id') }} as objective_id,
    {{ organization_text('payload', 'objective_name') }} as objective_name,
    {{ organization_text('payload', 'level') }} as level,
    {{ organization_text('payload', 'owner_id') }} as owner_id,
    {{ organization_text('payload', 'parent_objective_id') }} as parent_objective_id,
    cast({{ organization_text('payload', 'starts_on') }} as date) as starts_on,
    cast({{ organization_text('payload', 'ends_on') }} as date) as ends_on
from {{ source('organization', 'objectives') }}
