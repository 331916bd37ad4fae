select
    connection,
    source,
    stream,
    page,
    line as line_number,
    reason,
    cast(fetched_at as timestamp) as fetched_at,
    load_id
from {{ source('ingestion', 'quarantine') }}
