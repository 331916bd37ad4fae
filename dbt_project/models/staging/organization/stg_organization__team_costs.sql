with costs as (

    select
        {{ organization_text('payload', 'team_id') }} as team_id,
        {{ organization_text('payload', 'currency') }} as currency,
        cast(round(cast({{ organization_text('payload', 'amount') }} as decimal(18, 6)) * 100) as bigint) as cents,
        cast({{ organization_text('payload', 'month') }} as date) as month,
        cast({{ organization_text('payload', 'starts_on') }} as date) as starts_on,
        cast({{ organization_text('payload', 'ends_on') }} as date) as ends_on
    from {{ source('organization', 'team_costs') }}

)

select
    team_id,
    currency,
    cents,
    coalesce(starts_on, month) as valid_from,
    cast(coalesce(ends_on + interval 1 day, month + interval 1 month) as date) as valid_to
from costs
