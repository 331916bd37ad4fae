with runs as (

    select
        stream_runs.connection,
        stream_runs.stream,
        max(stream_runs.run_as_of) as last_run_at,
        max_by(stream_runs.status, stream_runs.run_as_of) as last_status,
        max(stream_runs.run_as_of) filter (where stream_runs.status = 'ok') as last_ok_at
    from {{ ref('stg_ingestion__stream_runs') }} as stream_runs
    cross join {{ ref('int_settings') }} as settings
    where
        stream_runs.run_as_of <= settings.as_of
        -- what the other metrics are made of: ci and security have their own streams in int_stale_scopes
        and stream_runs.stream not in (
            'releases', 'tags', 'workflow_runs', 'workflow_jobs', 'availabilities', 'dependabot_alerts',
            'code_scanning_alerts', 'secret_scanning_alerts', 'security_findings'
        )
    group by all

),

connection_runs as (

    select
        connection,
        max(last_run_at) as last_run_at,
        coalesce(bool_or(last_status in ('failed', 'stale')), false) as is_stale,
        min(coalesce(last_ok_at, timestamp '0001-01-01'))
        filter (where last_status in ('failed', 'stale')) as stale_since
    from runs
    group by all

)

select
    connections.connection,
    connections.connection_type,
    connections.source,
    connections.base_url,
    connections.start_date,
    connections.is_configured,
    connection_runs.last_run_at,
    coalesce(connections.is_configured and connection_runs.is_stale, false) as is_stale,
    case when connections.is_configured then connection_runs.stale_since end as stale_since
from {{ ref('stg_ingestion__connections') }} as connections
left join connection_runs on connections.connection = connection_runs.connection
