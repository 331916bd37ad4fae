with runs as (

    select
        stream_runs.connection,
        stream_runs.stream,
        max_by(stream_runs.status, stream_runs.run_as_of) as last_status,
        max(stream_runs.run_as_of) filter (where stream_runs.status = 'ok') as last_ok_at
    from {{ ref('stg_ingestion__stream_runs') }} as stream_runs
    inner join {{ ref('stg_ingestion__connections') }} as connections
        on stream_runs.connection = connections.connection
    cross join {{ ref('int_settings') }} as settings
    where connections.is_configured and stream_runs.run_as_of <= settings.as_of
    group by stream_runs.connection, stream_runs.stream

)

select
    connection,
    stream,
    coalesce(last_ok_at, timestamp '0001-01-01') as stale_since
from runs
where last_status in ('failed', 'stale')
