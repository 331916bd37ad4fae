select
    {{ organization_text('payload', 'team_id') }} as team_id,
    {{ organization_text('payload', 'value_stream_id') }} as value_stream_id,
    coalesce(cast({{ organization_text('payload', 'weight') }} as double), 1) as weight,
    {{ valid_range('payload') }}
from {{ source('organization', 'team_value_streams') }}
