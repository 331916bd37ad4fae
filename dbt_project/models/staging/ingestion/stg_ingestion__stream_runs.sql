select
    connection,
    source,
    stream,
    status,
    error,
    cure,
    records as records_count,
    pages as pages_count,
    requests as requests_count,
    cast(as_of as timestamp) as run_as_of
from {{ source('ingestion', 'stream_runs') }}
