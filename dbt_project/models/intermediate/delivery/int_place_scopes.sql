-- what is known to be of a service belongs to its owner; the rest to services of its repository, or to nobody
select
    'service:' || service_id as place_key,
    service_id,
    team_id,
    value_stream_id,
    weight,
    valid_from,
    valid_to
from {{ ref('int_service_scopes') }}
union all
select
    place_key,
    service_id,
    team_id,
    value_stream_id,
    weight,
    valid_from,
    valid_to
from {{ ref('int_repository_scopes') }}
union all
select
    'service:' as place_key,
    null as service_id,
    'unassigned' as team_id,
    'unassigned' as value_stream_id,
    1 as weight,
    date '0001-01-01' as valid_from,
    date '9999-12-31' as valid_to
union all
-- a ticket that names no service
select
    item_key as place_key,
    null as service_id,
    team_id,
    value_stream_id,
    weight,
    valid_from,
    valid_to
from {{ ref('int_security_defect_scopes') }}
