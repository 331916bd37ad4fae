select
    connection,
    id as role,
    {{ json_text('payload', 'field_id') }} as field_id,
    {{ json_text('payload', 'name') }} as field_name,
    {{ json_text('payload', 'found_by') }} as found_by
from {{ source('jira', 'field_roles') }}
where {{ json_text('payload', 'field_id') }} is not null
