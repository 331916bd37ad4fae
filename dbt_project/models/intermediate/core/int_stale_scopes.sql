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

-- repositories that could not be read, and places of which files and tickets tell
stale_places as (

    select
        'delivery' as family,
        repositories.repository_key as place_key,
        stale_connections.stale_since
    from stale_connections
    inner join {{ ref('int_repositories') }} as repositories
        on stale_connections.connection = repositories.connection
    union all
    -- what of a repository belongs to none of its services
    select distinct
        'delivery' as family,
        scopes.place_key,
        stale_connections.stale_since
    from stale_connections
    inner join {{ ref('int_repositories') }} as repositories
        on stale_connections.connection = repositories.connection
    inner join {{ ref('int_repository_scopes') }} as scopes
        on
            repositories.repository_key = scopes.repository_key
            and repositories.repository_key != scopes.place_key
    union all
    select
        'security' as family,
        repositories.repository_key as place_key,
        stale_streams.stale_since
    from {{ ref('int_stale_streams') }} as stale_streams
    inner join {{ ref('int_repositories') }} as repositories
        on stale_streams.connection = repositories.connection
    where
        stale_streams.stream in (
            'repositories', 'dependabot_alerts', 'code_scanning_alerts', 'secret_scanning_alerts'
        )
    union all
    select distinct
        'security' as family,
        reports.place_key,
        stale_streams.stale_since
    from {{ ref('int_stale_streams') }} as stale_streams
    inner join {{ ref('int_security_reports') }} as reports
        on
            stale_streams.connection = reports.connection
            and (
                (reports.source = 'inbox' and stale_streams.stream = 'security_findings')
                or (
                    reports.source = 'tracker'
                    and stale_streams.stream in (
                        'issue_types', 'statuses', 'fields', 'field_roles', 'issues', 'changelogs', 'issue_availability'
                    )
                )
            )
    union all
    select distinct
        'security' as family,
        reports.place_key,
        stale_projects.stale_since
    from stale_projects
    inner join {{ ref('int_work_items') }} as items
        on
            stale_projects.connection = items.connection
            and stale_projects.project_key = items.project_key
    inner join {{ ref('int_security_reports') }} as reports on items.item_key = reports.finding_key
    union all
    select
        'ci' as family,
        repositories.repository_key as place_key,
        stale_streams.stale_since
    from {{ ref('int_stale_streams') }} as stale_streams
    inner join {{ ref('int_repositories') }} as repositories
        on stale_streams.connection = repositories.connection
    where stale_streams.stream in ('repositories', 'workflow_runs')
    union all
    -- a service's deployments are stale through the streams that its rule looks at
    select distinct
        'delivery' as family,
        coalesce('service:' || scopes.service_id, scopes.repository_key) as place_key,
        stale_streams.stale_since
    from {{ ref('int_stale_streams') }} as stale_streams
    inner join {{ ref('int_repositories') }} as repositories
        on stale_streams.connection = repositories.connection
    inner join {{ ref('int_repository_scopes') }} as scopes
        on repositories.repository_key = scopes.repository_key
    inner join {{ ref('stg_organization__deployment_rules') }} as rules
        on
            (rules.service_id is null or scopes.service_id = rules.service_id)
            and (
                (rules.method = 'workflow' and stale_streams.stream in ('workflow_runs', 'workflow_jobs'))
                or (rules.method = 'release' and stale_streams.stream = 'releases')
                or (rules.method = 'tag' and stale_streams.stream = 'tags')
            )
            and cast(stale_streams.stale_since as date) < rules.valid_to

),

stale_owners as (

    select
        stale_places.family,
        stale_places.stale_since,
        scopes.service_id,
        scopes.value_stream_id,
        coalesce(team_scopes.scope_id, scopes.team_id) as team_scope_id
    from stale_places
    inner join {{ ref('int_place_scopes') }} as scopes on stale_places.place_key = scopes.place_key
    left join (
        select distinct
            team_id,
            scope_id
        from {{ ref('int_team_period_scopes') }}
    ) as team_scopes on scopes.team_id = team_scopes.team_id

),

stale_deliveries as (

    {{ in_every_scope('stale_owners') }}

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
        listed.family,
        tracker_scopes.scope_type,
        tracker_scopes.scope_id,
        tracker_scopes.stale_since
    from tracker_scopes
    cross join (values ('outcomes'), ('investment'), ('objectives')) as listed (family)
    union all
    select
        family,
        scope_type,
        scope_id,
        stale_since
    from stale_deliveries
    union all
    select
        listed.family,
        scopes.scope_type,
        scopes.scope_id,
        stale_connections.stale_since
    from stale_connections
    cross join (
        values
        ('flow'), ('outcomes'), ('investment'), ('objectives'), ('delivery'), ('security'), ('sentiment'), ('ci')
    ) as listed (family)
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
