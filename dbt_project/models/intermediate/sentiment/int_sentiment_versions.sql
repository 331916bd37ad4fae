with blocks as (

    select
        blocks.*,
        {{ is_publishable_block('blocks') }} as is_publishable
    from {{ ref('int_sentiment_blocks') }} as blocks

),

judged as (

    select
        blocks.*,
        published.version as published_version,
        coalesce(blocks.is_publishable and {{ is_safe_step('blocks', 'published') }}, false) as is_moved
    from blocks
    left join {{ ref('stg_ingestion__published_sentiment_versions') }} as published
        on {{ same_columns('blocks', 'published', ['wave_key', 'driver', 'scope_type', 'scope_id']) }}

),

placed as (

    select
        judged.wave_key,
        judged.driver,
        judged.scope_type,
        judged.scope_id,
        judged.value_stream_id,
        coalesce(judged.published_version, 0) + 1 as version,
        settings.as_of as versioned_at,
        judged.n,
        judged.score_sum,
        judged.favourable_answers,
        judged.favourable_count,
        judged.promoters_count,
        judged.passives_count,
        judged.detractors_count,
        judged.invited_count
    from judged
    cross join {{ ref('int_settings') }} as settings
    where judged.published_version is null or judged.is_moved

)

select *
from placed
union all
select
    published.wave_key,
    published.driver,
    published.scope_type,
    published.scope_id,
    published.value_stream_id,
    published.version,
    published.versioned_at,
    published.n,
    published.score_sum,
    published.favourable_answers,
    published.favourable_count,
    published.promoters_count,
    published.passives_count,
    published.detractors_count,
    published.invited_count
from {{ ref('stg_ingestion__published_sentiment_versions') }} as published
left join placed
    on {{ same_columns('published', 'placed', ['wave_key', 'driver', 'scope_type', 'scope_id']) }}
where placed.wave_key is null
