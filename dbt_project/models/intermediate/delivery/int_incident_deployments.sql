-- what a copy of an incident says of its cause, it says of the incident
with reports as (

    select
        incidents.incident_key,
        incidents.caused_by_deployment_id,
        coalesce(originals.duplicate_of_key, incidents.duplicate_of_key, incidents.incident_key) as original_key
    from {{ ref('int_incidents') }} as incidents
    left join {{ ref('int_incidents') }} as originals on incidents.duplicate_of_key = originals.incident_key

),

incidents as (

    select *
    from {{ ref('int_incidents') }}
    where is_counted

),

deployment_ids as (

    {{ deployment_names() }}

),

named as (

    select
        incidents.incident_key,
        deployments.service_deployment_key,
        deployments.is_counted
    from reports
    inner join incidents on reports.original_key = incidents.incident_key
    inner join deployment_ids on reports.caused_by_deployment_id = deployment_ids.known_as
    inner join {{ ref('int_deployments') }} as deployments
        on deployment_ids.service_deployment_key = deployments.service_deployment_key
    qualify
        row_number() over (
            partition by incidents.incident_key
            order by
                case when reports.incident_key = incidents.incident_key then 0 else 1 end asc,
                case when deployments.service_id = incidents.service_id then 0 else 1 end asc,
                deployments.service_deployment_key asc
        ) = 1

),

inside_window as (

    select
        incidents.incident_key,
        deployments.service_deployment_key
    from incidents
    inner join {{ ref('int_deployments') }} as deployments
        on
            incidents.service_id = deployments.service_id
            and incidents.started_at >= deployments.occurred_at
    inner join {{ ref('stg_organization__services') }} as services
        on
            deployments.service_id = services.service_id
            and {{ in_force('services', 'deployments.deployed_date') }}
    left join named on incidents.incident_key = named.incident_key
    where
        deployments.is_counted
        and named.incident_key is null
        and {{ hours_between('deployments.occurred_at', 'incidents.started_at') }} <= services.incident_window_hours
    qualify
        row_number() over (
            partition by incidents.incident_key
            order by deployments.occurred_at desc, deployments.service_deployment_key asc
        ) = 1

)

-- an incident that names a deployment which never reached users of production fails none
select
    incidents.incident_key,
    coalesce(named.service_deployment_key, inside_window.service_deployment_key) as service_deployment_key,
    case when named.incident_key is not null then 'explicit' else 'incident_window' end as method,
    incidents.started_at,
    incidents.resolved_at
from incidents
left join named on incidents.incident_key = named.incident_key
left join inside_window on incidents.incident_key = inside_window.incident_key
where named.is_counted or inside_window.incident_key is not null
