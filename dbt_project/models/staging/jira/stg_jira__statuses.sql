select
    connection,
    id as status_id,
    {{ json_text('payload', 'name') }} as status_name,
    {{ json_text('payload', 'statusCategory.key') }} as status_category
from {{ source('jira', 'statuses') }}
