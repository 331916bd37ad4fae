{{ config(materialized='view') }}

select
    as_of as published_as_of,
    metric,
    definition_version,
    family,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    breakdown,
    value,
    n,
    data_quality,
    is_complete
from {{ source('ingestion', 'published_metric_values') }}
