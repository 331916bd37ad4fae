-- a tracker reports incidents if a rule says which items are some
with incident_tools as (

    select
        connection,
        start_date,
        is_stale,
        stale_since
    from {{ ref('int_connections') }}
    where source = 'pagerduty'
    union
    select
        connections.connection,
        connections.start_date,
        connections.is_stale,
        connections.stale_since
    from {{ ref('int_connections') }} as connections
    inner join {{ ref('stg_organization__defect_rules') }} as rules
        on
            rules.kind = 'incident'
            and (rules.connection is null or connections.connection = rules.connection)
    where connections.source = 'jira'

)

select
    rules.service_id,
    incident_tools.start_date,
    case when incident_tools.is_stale then incident_tools.stale_since end as stale_since,
    rules.valid_from,
    rules.valid_to
from {{ ref('stg_organization__incident_services') }} as rules
inner join incident_tools on (rules.connection is null or rules.connection = incident_tools.connection)
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
