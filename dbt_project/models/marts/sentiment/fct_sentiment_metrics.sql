select
    wave_key,
    survey,
    wave,
    scope_type,
    scope_id,
    driver,
    data_quality,
    cast(driver_score as double) as driver_score,
    cast(favourable_share as double) as favourable_share,
    cast(enps as double) as enps,
    cast(response_rate as double) as response_rate,
    cast(n as bigint) as n,
    wave_date,
    closes_on
from {{ ref('int_sentiment_wave_values') }}
