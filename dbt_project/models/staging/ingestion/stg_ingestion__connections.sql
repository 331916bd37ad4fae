select
    connection,
    type as connection_type,
    source,
    base_url,
    cast(start_date as date) as start_date,
    is_configured
from {{ source('ingestion', 'connections') }}
