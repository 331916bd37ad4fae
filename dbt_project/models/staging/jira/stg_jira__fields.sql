select
    connection,
    id as field_id,
    {{ json_text('payload', 'name') }} as field_name
from {{ source('jira', 'fields') }}
