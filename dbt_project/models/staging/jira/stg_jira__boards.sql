select
    connection,
    id as board_id,
    {{ json_text('payload', 'name') }} as board_name,
    {{ json_text('payload', 'type') }} as board_type,
    {{ json_text('payload', 'location.projectKey') }} as project_key
from {{ source('jira', 'boards') }}
