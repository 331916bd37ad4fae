with service_owners as (

    select
        scopes.service_id,
        teams.period_grain,
        teams.period_start,
        bool_or(teams.is_small) as is_of_small_team
    from {{ ref('int_service_scopes') }} as scopes
    inner join {{ ref('int_periods') }} as periods
        on
            scopes.valid_from < periods.period_end
            and scopes.valid_to > periods.period_start
    inner join {{ ref('int_team_period_scopes') }} as teams
        on
            scopes.team_id = teams.team_id
            and periods.period_grain = teams.period_grain
            and periods.period_start = teams.period_start
    group by scopes.service_id, teams.period_grain, teams.period_start

),

scope_periods as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        period_end,
        is_complete,
        days_count,
        elapsed_days
    from {{ ref('int_scope_periods') }}
    union all
    -- the rows of a service that a small team owns would be that team's rows
    select distinct
        'service' as scope_type,
        services.service_id as scope_id,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.is_complete,
        periods.days_count,
        periods.elapsed_days
    from {{ ref('stg_organization__services') }} as services
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_periods') }} as periods
        on
            services.valid_from < periods.period_end
            and services.valid_to > periods.period_start
    left join service_owners
        on
            services.service_id = service_owners.service_id
            and periods.period_grain = service_owners.period_grain
            and periods.period_start = service_owners.period_start
    where
        services.valid_from <= settings.as_of_date
        and not coalesce(service_owners.is_of_small_team, false)

),

first_deployments as (

    select
        place_key,
        any_value(service_id) as service_id,
        min(deployed_date) as first_deployed_date
    from {{ ref('int_deployments') }}
    where is_production and outcome in ('success', 'failure', 'aborted')
    group by place_key

),

deployment_streams as (

    select
        stream_runs.connection,
        max_by(stream_runs.status, stream_runs.run_as_of) = 'not_available' as is_not_available
    from {{ ref('stg_ingestion__stream_runs') }} as stream_runs
    cross join {{ ref('int_settings') }} as settings
    where
        stream_runs.source = 'github'
        and stream_runs.stream = 'deployments'
        and stream_runs.run_as_of <= settings.as_of
    group by stream_runs.connection

),

ci_repositories as (

    select
        repositories.repository_key,
        {{ local_date('min(runs.completed_at)', 'any_value(settings.time_zone)') }} as first_ci_date,
        min(availabilities.changed_at) as not_available_since
    from {{ ref('int_repositories') }} as repositories
    cross join {{ ref('int_settings') }} as settings
    left join {{ ref('int_ci_runs') }} as runs on repositories.repository_key = runs.repository_key
    left join {{ ref('stg_github__availabilities') }} as availabilities
        on
            repositories.repository_key = availabilities.repository_key
            and availabilities.stream_name = 'workflow_runs'
            and availabilities.availability = 'not_available'
            and settings.as_of >= availabilities.changed_at
    group by repositories.repository_key

),

watched_scopes as (

    select
        watched.service_id,
        coalesce(scopes.team_id, 'unassigned') as team_id,
        coalesce(scopes.value_stream_id, 'unassigned') as value_stream_id,
        watched.start_date,
        watched.stale_since,
        greatest(watched.valid_from, coalesce(scopes.valid_from, watched.valid_from)) as valid_from,
        least(watched.valid_to, coalesce(scopes.valid_to, watched.valid_to)) as valid_to
    from {{ ref('int_watched_services') }} as watched
    left join {{ ref('int_service_scopes') }} as scopes
        on
            watched.service_id = scopes.service_id
            and watched.valid_from < scopes.valid_to
            and watched.valid_to > scopes.valid_from

),

members as (

    select
        'repository' as coverage,
        {{ scope_period_columns() }},
        connections.start_date,
        coalesce(deployment_streams.is_not_available, false) and other_rules.method is null as is_not_available,
        coalesce(first_deployments.first_deployed_date < periods.period_end, false) as has_deployments,
        false as is_stale,
        -- runs are of a whole repository
        case
            when scopes.place_key != scopes.repository_key then null
            when
                ci_repositories.not_available_since < periods.end_at
                or (ci_repositories.not_available_since is not null and ci_repositories.first_ci_date is null)
                then 'not_available'
            when ci_repositories.first_ci_date < periods.period_end then 'ok'
        end as ci_quality
    from {{ ref('int_repository_scopes') }} as scopes
    inner join {{ ref('int_repositories') }} as repositories
        on scopes.repository_key = repositories.repository_key
    {{ scope_period_joins() }}
    left join {{ ref('int_connections') }} as connections
        on repositories.connection = connections.connection
    left join deployment_streams on repositories.connection = deployment_streams.connection
    -- what a workflow, a release, a tag or a merge shows needs no records of deployments
    left join {{ ref('stg_organization__deployment_rules') }} as other_rules
        on
            (other_rules.service_id is null or scopes.service_id = other_rules.service_id)
            and other_rules.method != 'deployments'
            and periods.period_end > other_rules.valid_from
            and periods.period_start < other_rules.valid_to
    left join first_deployments
        on coalesce('service:' || scopes.service_id, scopes.repository_key) = first_deployments.place_key
    left join ci_repositories on repositories.repository_key = ci_repositories.repository_key
    where repositories.created_at is null or repositories.created_at < periods.end_at
    union all
    -- a service may be deployed by a tool that knows no repository of ours
    select
        'deployments' as coverage,
        {{ scope_period_columns() }},
        null as start_date,
        null as is_not_available,
        true as has_deployments,
        false as is_stale,
        null as ci_quality
    from first_deployments
    inner join {{ ref('int_service_scopes') }} as scopes on first_deployments.service_id = scopes.service_id
    {{ scope_period_joins() }}
    where first_deployments.first_deployed_date < periods.period_end
    union all
    select
        'incidents' as coverage,
        {{ scope_period_columns() }},
        scopes.start_date,
        false as is_not_available,
        false as has_deployments,
        coalesce(periods.end_at > scopes.stale_since, false) as is_stale,
        null as ci_quality
    from watched_scopes as scopes
    {{ scope_period_joins() }}

),

scoped as (

    {{ in_every_scope('members') }}

),

covered as (

    select
        scope_type,
        scope_id,
        period_grain,
        period_start,
        array_agg(distinct service_id order by service_id) filter (where has_deployments and service_id is not null)
            as deploying_service_ids,
        bool_or(has_deployments) as has_deployments,
        bool_or(is_stale) as is_incident_tool_stale,
        bool_or(coverage = 'repository') as has_repositories,
        bool_or(coverage = 'incidents') as has_incident_tool,
        bool_and(is_not_available) filter (where coverage = 'repository') as is_not_available,
        bool_or(start_date > period_start) filter (where coverage = 'repository') as is_cut_off,
        bool_and(coalesce(start_date >= period_end, false)) filter (where coverage = 'repository') as is_before_start,
        bool_or(start_date > period_start) filter (where coverage = 'incidents') as is_incident_cut_off,
        bool_and(coalesce(start_date >= period_end, false)) filter (where coverage = 'incidents')
            as is_before_incident_start,
        bool_or(ci_quality = 'ok') as has_ci,
        bool_and(coalesce(ci_quality = 'not_available', false)) filter (where coverage = 'repository')
            as is_ci_not_available
    from scoped
    group by scope_type, scope_id, period_grain, period_start

)

select
    scope_periods.scope_type,
    scope_periods.scope_id,
    scope_periods.period_grain,
    scope_periods.period_start,
    'all' as breakdown,
    case when scope_periods.is_complete then scope_periods.days_count else scope_periods.elapsed_days end
        as elapsed_days,
    scope_periods.is_complete,
    covered.deploying_service_ids,
    coalesce(covered.has_repositories, false) as has_repositories,
    coalesce(covered.has_deployments, false) as has_deployments,
    coalesce(covered.is_not_available, false) as is_not_available,
    coalesce(covered.is_cut_off, false) as is_cut_off,
    coalesce(covered.is_before_start, false) as is_before_start,
    case
        when not coalesce(covered.has_incident_tool, false) or covered.is_before_incident_start then 'no_data'
        when covered.is_incident_tool_stale then 'stale'
        when covered.is_incident_cut_off then 'partial'
        else 'ok'
    end as incident_quality,
    case
        when covered.is_ci_not_available then 'not_available'
        when not coalesce(covered.has_ci, false) then 'no_data'
        when covered.is_cut_off then 'partial'
        else 'ok'
    end as ci_quality
from scope_periods
left join covered
    on
        scope_periods.scope_type = covered.scope_type
        and scope_periods.scope_id = covered.scope_id
        and scope_periods.period_grain = covered.period_grain
        and scope_periods.period_start = covered.period_start
