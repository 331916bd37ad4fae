with stale_connections as (

    select
        connection,
        source,
        stale_since
    from {{ ref('int_connections') }}
    where is_stale

),

stale_projects as (

    select
        projects.connection,
        projects.project_key,
        projects.changed_at as stale_since
    from {{ ref('stg_jira__project_availabilities') }} as projects
    cross join {{ ref('int_settings') }} as settings
    where projects.availability = 'stale' and projects.changed_at <= settings.as_of

),

tracker_scopes as (

    select
        scope_sources.scope_type,
        scope_sources.scope_id,
        stale_connections.stale_since
    from stale_connections
    inner join {{ ref('int_flow_scope_sources') }} as scope_sources
        on stale_connections.connection = scope_sources.connection
    union all
    select
        scope_sources.scope_type,
        scope_sources.scope_id,
        stale_projects.stale_since
    from stale_projects
    inner join {{ ref('int_flow_scope_sources') }} as scope_sources
        on
            stale_projects.connection = scope_sources.connection
            and stale_projects.project_key = scope_sources.project_key

),

stale_repositories as (

    select
        repository_scopes.service_id,
        repository_scopes.team_id,
        repository_scopes.value_stream_id,
        stale_connections.stale_since
    from stale_connections
    inner join {{ ref('int_repositories') }} as repositories
        on stale_connections.connection = repositories.connection
    inner join {{ ref('int_repository_scopes') }} as repository_scopes
        on repositories.repository_key = repository_scopes.repository_key

),

team_scopes as (

    select distinct
        team_id,
        scope_id
    from {{ ref('int_team_period_scopes') }}

),

families as (

    select
        'flow' as family,
        scope_type,
        scope_id,
        stale_since
    from tracker_scopes
    union all
    select
        'outcomes' as family,
        scope_type,
        scope_id,
        stale_since
    from tracker_scopes
    union all
    select
        'delivery' as family,
        'service' as scope_type,
        service_id as scope_id,
        stale_since
    from stale_repositories
    where service_id is not null
    union all
    select
        'delivery' as family,
        'team' as scope_type,
        team_scopes.scope_id,
        stale_repositories.stale_since
    from stale_repositories
    inner join team_scopes on stale_repositories.team_id = team_scopes.team_id
    union all
    select
        'delivery' as family,
        'value_stream' as scope_type,
        value_stream_id as scope_id,
        stale_since
    from stale_repositories
    union all
    select
        'delivery' as family,
        'organization' as scope_type,
        'organization' as scope_id,
        stale_since
    from stale_repositories
    union all
    select
        listed.family,
        scopes.scope_type,
        scopes.scope_id,
        stale_connections.stale_since
    from stale_connections
    cross join (values ('flow'), ('outcomes'), ('delivery'), ('sentiment')) as listed (family)
    cross join (
        select distinct
            scope_type,
            scope_id
        from {{ ref('int_scope_periods') }}
    ) as scopes
    where
        stale_connections.source = 'organization'
        or (stale_connections.source = 'surveys' and listed.family = 'sentiment')

)

select
    family,
    scope_type,
    scope_id,
    min(stale_since) as stale_since
from families
group by family, scope_type, scope_id
