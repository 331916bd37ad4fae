{{ config(materialized='view') }}

select
    wave_key,
    driver,
    scope_type,
    scope_id,
    value_stream_id,
    version,
    versioned_at,
    n,
    score_sum,
    favourable_answers,
    favourable_count,
    promoters_count,
    passives_count,
    detractors_count,
    invited_count
from {{ source('ingestion', 'published_sentiment_versions') }}
