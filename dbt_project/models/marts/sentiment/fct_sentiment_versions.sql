select
    wave_key,
    driver,
    scope_type,
    scope_id,
    value_stream_id,
    cast(version as integer) as version,
    cast(versioned_at as timestamp) as versioned_at,
    cast(n as bigint) as n,
    cast(score_sum as double) as score_sum,
    cast(favourable_answers as bigint) as favourable_answers,
    cast(favourable_count as bigint) as favourable_count,
    cast(promoters_count as bigint) as promoters_count,
    cast(passives_count as bigint) as passives_count,
    cast(detractors_count as bigint) as detractors_count,
    cast(invited_count as bigint) as invited_count
from {{ ref('int_sentiment_versions') }}
