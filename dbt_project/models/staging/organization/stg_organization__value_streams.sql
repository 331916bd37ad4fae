select
    {{ organization_text('payload', 'value_stream_id') }} as value_stream_id,
    {{ organization_text('payload', 'value_stream_name') }} as value_stream_name,
    {{ valid_range('payload') }}
from {{ source('organization', 'value_streams') }}
