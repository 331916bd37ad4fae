select
    connection,
    id as project_key,
    {{ json_text('payload', 'status') }} as availability,
    {{ json_text('payload', 'reason') }} as reason,
    cast({{ json_text('payload', 'known') }} as bigint) as known_count,
    cast({{ json_text('payload', 'missing') }} as bigint) as missing_count,
    {{ parse_utc(json_text('payload', 'at')) }} as changed_at
from {{ source('jira', 'project_availability') }}
