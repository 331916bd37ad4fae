select
    wave_key,
    survey,
    wave,
    scope_type,
    scope_id,
    data_quality,
    cast(invited_count as bigint) as invited_count,
    cast(responses_count as bigint) as responses_count,
    cast(response_rate as double) as response_rate,
    wave_date,
    closes_on
from {{ ref('int_sentiment_wave_values') }}
where driver = 'all'
