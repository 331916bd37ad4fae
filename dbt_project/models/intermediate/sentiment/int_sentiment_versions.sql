with blocks as (

    select
        blocks.*,
        {{ is_publishable_block('blocks') }} as is_publishable
    from {{ ref('int_sentiment_blocks') }} as blocks

),

-- a step is compared with every version told so far: who knows them all can subtract any of them
steps as (

    select
        blocks.wave_key,
        blocks.driver,
        blocks.scope_type,
        blocks.scope_id,
        max(published.version) as published_version,
        bool_and({{ is_safe_step('blocks', 'published') }}) as is_safe
    from blocks
    inner join {{ ref('stg_ingestion__published_sentiment_versions') }} as published
        on {{ same_columns('blocks', 'published', ['wave_key', 'driver', 'scope_type', 'scope_id']) }}
    group by blocks.wave_key, blocks.driver, blocks.scope_type, blocks.scope_id

)

select
    blocks.wave_key,
    blocks.driver,
    blocks.scope_type,
    blocks.scope_id,
    blocks.value_stream_id,
    coalesce(steps.published_version, 0) + 1 as version,
    settings.as_of as versioned_at,
    blocks.n,
    blocks.score_sum,
    blocks.favourable_answers,
    blocks.favourable_count,
    blocks.promoters_count,
    blocks.passives_count,
    blocks.detractors_count,
    blocks.invited_count
from blocks
cross join {{ ref('int_settings') }} as settings
left join steps
    on {{ same_columns('blocks', 'steps', ['wave_key', 'driver', 'scope_type', 'scope_id']) }}
where steps.published_version is null or (blocks.is_publishable and steps.is_safe)
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
