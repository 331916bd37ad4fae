select
    {{ organization_text('payload', 'connection') }} as connection,
    {{ organization_text('payload', 'project') }} as project,
    {{ organization_text('payload', 'field') }} as field,
    {{ organization_text('payload', 'value') }} as value,
    {{ organization_text('payload', 'team_id') }} as team_id,
    {{ organization_text('payload', 'value_stream_id') }} as value_stream_id,
    cast({{ organization_text('payload', 'rule_order') }} as integer) as rule_order,
    coalesce(cast({{ organization_text('payload', 'weight') }} as double), 1) as weight,
    {{ valid_range('payload') }}
from {{ source('organization', 'work_rules') }}
