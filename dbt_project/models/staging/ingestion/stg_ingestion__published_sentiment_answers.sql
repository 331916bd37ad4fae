{{ config(materialized='view') }}

select
    wave_key,
    driver,
    scope_type,
    scope_id,
    version,
    answer_hash
from {{ source('ingestion', 'published_sentiment_answers') }}
