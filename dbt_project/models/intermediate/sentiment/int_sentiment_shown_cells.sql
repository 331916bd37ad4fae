with published_waves as (

    select distinct wave_key
    from {{ ref('stg_ingestion__published_sentiment_versions') }}

)

select
    wave_key,
    driver,
    scope_type,
    scope_id
from {{ ref('stg_ingestion__published_sentiment_versions') }}
where version = 1
union all
select
    suppressions.wave_key,
    suppressions.driver,
    suppressions.scope_type,
    suppressions.scope_id
from {{ ref('int_sentiment_suppressions') }} as suppressions
left join published_waves on suppressions.wave_key = published_waves.wave_key
where not suppressions.is_hidden and published_waves.wave_key is null
