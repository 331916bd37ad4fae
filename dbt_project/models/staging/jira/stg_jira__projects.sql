select
    connection,
    id as project_id,
    {{ json_text('payload', 'key') }} as project_key,
    {{ json_text('payload', 'name') }} as project_name
from {{ source('jira', 'projects') }}
