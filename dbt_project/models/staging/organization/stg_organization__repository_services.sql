with rules as (

    select
        {{ organization_text('payload', 'connection') }} as connection,
        {{ organization_text('payload', 'repository') }} as repository,
        {{ organization_text('payload', 'service_id') }} as service_id,
        {{ organization_text('payload', 'condition_field') }} as condition_field,
        {{ organization_text('payload', 'condition_value') }} as condition_value,
        {{ valid_range('payload') }}
    from {{ source('organization', 'repository_services') }}

)

select
    connection,
    repository,
    service_id,
    condition_field,
    condition_value,
    case when condition_field = 'path' then {{ path_regex('condition_value') }} end as path_regex,
    case when condition_field = 'path' then {{ path_text('condition_value') }} end as path_text,
    valid_from,
    valid_to
from rules
