select
    {{ organization_text('payload', 'key_result_id') }} as key_result_id,
    cast({{ organization_text('payload', 'date') }} as date) as checked_on,
    cast({{ organization_text('payload', 'value') }} as double) as value,
    cast({{ organization_text('payload', 'confidence') }} as double) as confidence
from {{ source('organization', 'key_result_check_ins') }}
