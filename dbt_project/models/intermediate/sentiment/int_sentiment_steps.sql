{%- set block = ['wave_key', 'driver', 'scope_type', 'scope_id'] %}
{%- set sums = {
    'score_sum': 'standing.score',
    'favourable_answers': 'standing.favourable_answers',
    'favourable_count': 'standing.favourable_count',
    'promoters_count': 'cast(standing.promotion = 1 as integer)',
    'passives_count': 'cast(standing.promotion = 0 as integer)',
    'detractors_count': 'cast(standing.promotion = -1 as integer)',
} %}
with candidates as (

    select *
    from {{ ref('int_sentiment_blocks') }}
    where published_version is not null and not is_told and is_publishable

),

versions as (

    select
        {%- for column in block %}
            candidates.{{ column }},
        {%- endfor %}
        {%- for name in sums %}
            published.{{ name }},
        {%- endfor %}
        candidates.min_respondents,
        published.version,
        published.n
    from candidates
    inner join {{ ref('stg_ingestion__published_sentiment_versions') }} as published
        on {{ same_columns('candidates', 'published', block) }}

),

told as (

    select *
    from {{ ref('stg_ingestion__published_sentiment_answers') }}
    where wave_key in (select candidates.wave_key from candidates)

),

standing as (

    select *
    from {{ ref('int_sentiment_block_answers') }}
    where wave_key in (select candidates.wave_key from candidates)

),

-- without the same respondents nothing can be compared: the salt of their ids is another, say
recognised as (

    select
        told.wave_key,
        2 * count(distinct standing.answer_hash) >= count(distinct told.answer_hash) as is_recognised
    from told
    left join standing on {{ same_columns('told', 'standing', ['wave_key', 'driver', 'answer_hash']) }}
    where told.driver = 'all'
    group by told.wave_key

),

places as (

    select
        {{ block | join(', ') }},
        answer_hash
    from told
    union
    select
        {{ block | join(', ') }},
        answer_hash
    from standing

),

-- who was told of in one block and belongs to another falls out of the sum of both
moved as (

    select
        wave_key,
        driver,
        answer_hash
    from places
    group by wave_key, driver, answer_hash
    having count(*) > 1

),

here as (

    select
        {%- for column in block %}
            versions.{{ column }},
        {%- endfor %}
        versions.version,
        {%- for name, value in sums.items() %}
            coalesce(sum({{ value }}) filter (where told.answer_hash is not null), 0) as kept_{{ name }},
            coalesce(sum({{ value }}) filter (where told.answer_hash is null and moved.answer_hash is null), 0)
                as joined_{{ name }},
        {%- endfor %}
        count(*) filter (where told.answer_hash is null and moved.answer_hash is null) as joined_n
    from versions
    inner join standing on {{ same_columns('versions', 'standing', block) }}
    left join told
        on
            {{ same_columns('standing', 'told', block + ['answer_hash']) }}
            and versions.version = told.version
    left join moved on {{ same_columns('standing', 'moved', ['wave_key', 'driver', 'answer_hash']) }}
    group by
        {%- for column in block %}
            versions.{{ column }},
        {%- endfor %}
        versions.version

),

gone as (

    select
        {%- for column in block %}
            versions.{{ column }},
        {%- endfor %}
        versions.version,
        {%- for name, value in sums.items() %}
            coalesce(sum({{ value }}) filter (where here.answer_hash is null), 0) as moved_{{ name }},
        {%- endfor %}
        count(*) as told_n,
        count(*) filter (where here.answer_hash is null and moved.answer_hash is null) as left_n,
        count(*) filter (
            where here.answer_hash is null and moved.answer_hash is not null and standing.answer_hash is null
        ) as unknown_n
    from versions
    inner join told on {{ same_columns('versions', 'told', block + ['version']) }}
    left join standing as here on {{ same_columns('told', 'here', block + ['answer_hash']) }}
    left join moved on {{ same_columns('told', 'moved', ['wave_key', 'driver', 'answer_hash']) }}
    left join standing on {{ same_columns('told', 'standing', ['wave_key', 'driver', 'answer_hash']) }}
    group by
        {%- for column in block %}
            versions.{{ column }},
        {%- endfor %}
        versions.version

),

changes as (

    select
        {%- for column in block %}
            versions.{{ column }},
        {%- endfor %}
        versions.version,
        {%- for name in sums %}
            coalesce(here.joined_{{ name }}, 0) as {{ name }},
        {%- endfor %}
        versions.min_respondents,
        versions.promoters_count is not null as is_recommendation,
        true as is_known,
        coalesce(here.joined_n, 0) as n
    from versions
    left join here on {{ same_columns('versions', 'here', block + ['version']) }}
    union all
    select
        {%- for column in block %}
            versions.{{ column }},
        {%- endfor %}
        versions.version,
        {%- for name in sums %}
            versions.{{ name }} - coalesce(here.kept_{{ name }}, 0) - coalesce(gone.moved_{{ name }}, 0) as {{ name }},
        {%- endfor %}
        versions.min_respondents,
        versions.promoters_count is not null as is_recommendation,
        coalesce(gone.unknown_n, 0) = 0 as is_known,
        coalesce(gone.left_n, 0) as n
    from versions
    left join here on {{ same_columns('versions', 'here', block + ['version']) }}
    left join gone on {{ same_columns('versions', 'gone', block + ['version']) }}

),

judged as (

    select
        changes.*,
        {{ is_open_change('changes') | indent(8) }} as is_open
    from changes

),

open_versions as (

    select distinct
        {{ block | join(', ') }},
        version
    from judged
    where is_known and is_open

)

select
    {%- for column in block %}
        versions.{{ column }},
    {%- endfor %}
    bool_and(
        open_versions.version is not null
        and versions.n = coalesce(gone.told_n, 0)
        and coalesce(recognised.is_recognised, false)
    ) as is_safe
from versions
left join open_versions on {{ same_columns('versions', 'open_versions', block + ['version']) }}
left join gone on {{ same_columns('versions', 'gone', block + ['version']) }}
left join recognised on versions.wave_key = recognised.wave_key
group by versions.wave_key, versions.driver, versions.scope_type, versions.scope_id
