select
    {{ organization_text('payload', 'team_id') }} as team_id,
    {{ organization_text('payload', 'currency') }} as currency,
    cast({{ organization_text('payload', 'amount') }} as double) as amount,
    cast({{ organization_text('payload', 'month') }} as date) as month
from {{ source('organization', 'team_costs') }}
