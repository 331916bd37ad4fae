{{ config(materialized='view') }}

select
    metric,
    family,
    scope_type,
    scope_id,
    period_grain,
    period_start,
    breakdown,
    night,
    previous_night,
    old_value,
    new_value,
    old_n,
    new_n,
    old_data_quality,
    new_data_quality,
    old_definition_version,
    new_definition_version
from {{ source('ingestion', 'published_restatements') }}
