select
    connection || ':' || id as priority_key,
    connection,
    id as priority_id,
    {{ json_text('payload', 'name') }} as priority_name,
    cast({{ json_text('payload', 'rank') }} as integer) as severity_rank
from {{ source('pagerduty', 'priorities') }}
