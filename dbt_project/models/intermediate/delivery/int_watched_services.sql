-- services whose incidents a tool reports: by rule, or because it did
select
    rules.service_id,
    connections.start_date,
    case when connections.is_stale then connections.stale_since end as stale_since,
    rules.valid_from,
    rules.valid_to
from {{ ref('stg_organization__incident_services') }} as rules
inner join {{ ref('int_connections') }} as connections
    on
        connections.source = 'pagerduty'
        and (rules.connection is null or rules.connection = connections.connection)
union all
select
    incidents.service_id,
    any_value(connections.start_date) as start_date,
    any_value(connections.stale_since) filter (where connections.is_stale) as stale_since,
    min(incidents.started_date) as valid_from,
    date '9999-12-31' as valid_to
from {{ ref('int_incidents') }} as incidents
left join {{ ref('int_connections') }} as connections on incidents.connection = connections.connection
group by incidents.connection, incidents.service_id
