select
    connection,
    id as issue_type_id,
    {{ json_text('payload', 'name') }} as issue_type_name,
    cast({{ json_text('payload', 'hierarchyLevel') }} as integer) as hierarchy_level,
    coalesce(cast({{ json_text('payload', 'subtask') }} as boolean), false) as is_subtask
from {{ source('jira', 'issue_types') }}
