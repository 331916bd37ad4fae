with deployments as (

    select
        *,
        min(deployed_at) over (
            partition by coalesce(repository_key, place_key), service_id
            order by occurred_at, service_deployment_key
            rows between 1 following and unbounded following
        ) as next_deployed_at
    from {{ ref('int_deployments') }}
    where is_counted

),

causes as (

    select
        service_deployment_key,
        'result' as method,
        coalesce(rolled_back_at, next_deployed_at) as recovered_at
    from deployments
    where is_failed
    union all
    select
        service_deployment_key,
        method,
        repaired_at as recovered_at
    from {{ ref('int_deployment_repairs') }}
    where service_deployment_key is not null
    union all
    select
        service_deployment_key,
        method,
        resolved_at as recovered_at
    from {{ ref('int_incident_deployments') }}

),

methods as (

    select *
    from (
        values
        ('result', 'certain', true, 1),
        ('explicit', 'certain', true, 2),
        ('rollback', 'high', false, 3),
        ('revert', 'high', false, 4),
        ('hotfix', 'medium', false, 5),
        ('revert_of_unknown', 'medium', false, 6),
        ('incident_window', 'low', false, 7)
    ) as listed (method, confidence, is_explicit, place)

),

failures as (

    select
        deployments.service_deployment_key,
        min_by(methods.method, methods.place) as method,
        min_by(methods.confidence, methods.place) as confidence,
        bool_or(methods.is_explicit) as is_explicit,
        min(causes.recovered_at) filter (where causes.recovered_at >= deployments.occurred_at) as recovered_at
    from deployments
    inner join causes on deployments.service_deployment_key = causes.service_deployment_key
    inner join methods on causes.method = methods.method
    group by deployments.service_deployment_key

),

windows as (

    select
        deployments.service_deployment_key,
        coalesce(max(services.incident_window_hours), 24) as incident_window_hours,
        bool_or(watched.valid_from is not null) as is_watched
    from deployments
    left join {{ ref('stg_organization__services') }} as services
        on
            deployments.service_id = services.service_id
            and {{ in_force('services', 'deployments.deployed_date') }}
    left join {{ ref('int_watched_services') }} as watched
        on
            deployments.service_id = watched.service_id
            and deployments.deployed_date >= coalesce(watched.start_date, watched.valid_from)
            and {{ in_force('watched', 'deployments.deployed_date') }}
    group by deployments.service_deployment_key

),

repairs as (

    select distinct repair_service_deployment_key
    from {{ ref('int_deployment_repairs') }}

)

select
    deployments.service_deployment_key,
    deployments.deployment_key,
    deployments.service_id,
    deployments.place_key,
    failures.service_deployment_key is not null as has_failed,
    failures.method,
    failures.confidence,
    coalesce(failures.is_explicit, false) as is_explicit,
    repairs.repair_service_deployment_key is not null as is_rework,
    windows.is_watched,
    failures.service_deployment_key is null
    and {{ hours_between('deployments.occurred_at', 'settings.as_of') }} < windows.incident_window_hours
        as is_immature,
    deployments.occurred_at,
    deployments.deployed_date,
    failures.recovered_at,
    {{ hours_between('deployments.occurred_at', 'failures.recovered_at') }} as recovery_hours
from deployments
cross join {{ ref('int_settings') }} as settings
inner join windows on deployments.service_deployment_key = windows.service_deployment_key
left join failures on deployments.service_deployment_key = failures.service_deployment_key
left join repairs on deployments.service_deployment_key = repairs.repair_service_deployment_key
