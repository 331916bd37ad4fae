select
    {{ organization_text('payload', 'connection') }} as connection,
    {{ organization_text('payload', 'project') }} as project,
    {{ organization_text('payload', 'issue_type') }} as issue_type,
    {{ organization_text('payload', 'condition_field') }} as condition_field,
    {{ organization_text('payload', 'condition_value') }} as condition_value,
    {{ organization_text('payload', 'work_category') }} as work_category,
    {{ valid_range('payload') }}
from {{ source('organization', 'work_categories') }}
