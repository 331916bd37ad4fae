with owners as (

    select
        service_owners.service_id,
        max(service_owners.team_id) as owner_team_id
    from {{ ref('stg_organization__service_owners') }} as service_owners
    cross join {{ ref('int_settings') }} as settings
    where {{ in_force('service_owners', 'settings.as_of_date') }}
    group by service_owners.service_id

),

services as (

    select
        services.service_id,
        max_by(services.service_name, services.valid_from) as service_name,
        nullif(min(services.valid_from), date '0001-01-01') as first_date,
        max(services.valid_to) > any_value(settings.as_of_date) as is_current
    from {{ ref('stg_organization__services') }} as services
    cross join {{ ref('int_settings') }} as settings
    where services.valid_from <= settings.as_of_date
    group by services.service_id

)

select
    services.service_id,
    services.service_name,
    owners.owner_team_id,
    services.first_date,
    services.is_current
from services
left join owners on services.service_id = owners.service_id
