select
    blocks.wave_key,
    blocks.driver,
    blocks.scope_type,
    blocks.scope_id,
    blocks.value_stream_id,
    coalesce(blocks.published_version, 0) + 1 as version,
    settings.as_of as versioned_at,
    blocks.n,
    blocks.score_sum,
    blocks.favourable_answers,
    blocks.favourable_count,
    blocks.promoters_count,
    blocks.passives_count,
    blocks.detractors_count,
    blocks.invited_count
from {{ ref('int_sentiment_blocks') }} as blocks
cross join {{ ref('int_settings') }} as settings
left join {{ ref('int_sentiment_steps') }} as steps
    on {{ same_columns('blocks', 'steps', ['wave_key', 'driver', 'scope_type', 'scope_id']) }}
where blocks.published_version is null or steps.is_safe
union all
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
from {{ ref('stg_ingestion__published_sentiment_versions') }}
