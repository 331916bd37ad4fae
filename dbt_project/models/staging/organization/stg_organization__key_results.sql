select
    {{ organization_text('payload', 'key_result_id') }} as key_result_id,
    {{ organization_text('payload', 'key_result_name') }} as key_result_name,
    {{ organization_text('payload', 'objective_id') }} as objective_id,
    {{ organization_text('payload', 'unit') }} as unit,
    cast({{ organization_text('payload', 'baseline') }} as double) as baseline,
    cast({{ organization_text('payload', 'target') }} as double) as target,
    cast({{ organization_text('payload', 'starts_on') }} as date) as starts_on,
    cast({{ organization_text('payload', 'ends_on') }} as date) as ends_on,
    {{ valid_range('payload') }}
from {{ source('organization', 'key_results') }}
