select
    connection,
    id as issue_id,
    {{ json_text('payload', 'project_key') }} as project_key,
    {{ json_text('payload', 'status') }} as availability,
    {{ json_text('payload', 'reason') }} as reason,
    {{ parse_utc(json_text('payload', 'at')) }} as changed_at
from {{ source('jira', 'issue_availability') }}
