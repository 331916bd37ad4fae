{%- set block = ['wave_key', 'driver', 'scope_type', 'scope_id'] %}
{%- set values = {
    'score_sum': 'standing.score',
    'favourable_answers': 'standing.favourable_answers',
    'favourable_count': 'standing.favourable_count',
    'promoters_count': 'cast(standing.promotion = 1 as integer)',
    'passives_count': 'cast(standing.promotion = 0 as integer)',
    'detractors_count': 'cast(standing.promotion = -1 as integer)',
} %}
{%- set has_joined = 'told.answer_hash is null and moved.answer_hash is null' %}
{%- set has_left = 'not is_here and not is_moved' %}
with versions as (

    select
        published.*,
        blocks.min_respondents,
        row_number() over (
            order by published.wave_key, published.driver, published.scope_type, published.scope_id, published.version
        ) as version_number
    from {{ ref('int_sentiment_blocks') }} as blocks
    inner join {{ ref('stg_ingestion__published_sentiment_versions') }} as published
        on {{ same_columns('blocks', 'published', block) }}
    where not blocks.is_told and blocks.is_publishable

),

told as (

    select *
    from {{ ref('stg_ingestion__published_sentiment_answers') }}
    where wave_key in (select versions.wave_key from versions)

),

standing as (

    select *
    from {{ ref('int_sentiment_block_answers') }}
    where wave_key in (select versions.wave_key from versions)

),

-- nothing can be compared where half of any block are not known any more: their ids are others, by another salt or file
recognised_blocks as (

    select
        told.wave_key,
        2 * count(distinct standing.answer_hash) > count(distinct told.answer_hash) as is_recognised
    from told
    left join standing on {{ same_columns('told', 'standing', ['wave_key', 'driver', 'answer_hash']) }}
    where told.driver = 'all'
    group by told.wave_key, told.scope_type, told.scope_id

),

recognised as (

    select
        wave_key,
        bool_and(is_recognised) as is_recognised
    from recognised_blocks
    group by wave_key

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

told_of_versions as (

    select
        versions.version_number,
        versions.wave_key,
        versions.driver,
        versions.scope_type,
        versions.scope_id,
        told.answer_hash
    from versions
    inner join told on {{ same_columns('versions', 'told', block + ['version']) }}

),

arrivals as (

    select
        versions.version_number,
        {%- for name, value in values.items() %}
            coalesce(sum({{ value }}) filter (where told.answer_hash is not null), 0) as kept_{{ name }},
            coalesce(sum({{ value }}) filter (where {{ has_joined }}), 0) as {{ name }},
        {%- endfor %}
        count(*) filter (where {{ has_joined }}) as n
    from versions
    inner join standing on {{ same_columns('versions', 'standing', block) }}
    left join told_of_versions as told
        on
            versions.version_number = told.version_number
            and standing.answer_hash = told.answer_hash
    left join moved on {{ same_columns('standing', 'moved', ['wave_key', 'driver', 'answer_hash']) }}
    group by versions.version_number

),

fates as (

    select
        told.version_number,
        {%- for name, value in values.items() %}
            {{ value }} as {{ name }},
        {%- endfor %}
        standing.answer_hash is not null as is_standing,
        coalesce(told.scope_type = standing.scope_type and told.scope_id = standing.scope_id, false) as is_here,
        moved.answer_hash is not null as is_moved
    from told_of_versions as told
    left join standing on {{ same_columns('told', 'standing', ['wave_key', 'driver', 'answer_hash']) }}
    left join moved on {{ same_columns('told', 'moved', ['wave_key', 'driver', 'answer_hash']) }}

),

-- of who moved and stands nowhere now, what was said is not known any more
departures as (

    select
        version_number,
        {%- for name in values %}
            coalesce(sum({{ name }}) filter (where not is_here), 0) as moved_{{ name }},
        {%- endfor %}
        count(*) as told_n,
        count(*) filter (where {{ has_left }}) as n,
        bool_and(is_standing or not is_moved) as is_known
    from fates
    group by version_number

),

changes as (

    select
        versions.version_number,
        versions.driver,
        versions.min_respondents,
        versions.promoters_count is not null as is_recommendation,
        {%- for name in values %}
            arrivals.{{ name }},
        {%- endfor %}
        arrivals.n
    from versions
    inner join arrivals on versions.version_number = arrivals.version_number
    union all
    select
        versions.version_number,
        versions.driver,
        versions.min_respondents,
        versions.promoters_count is not null as is_recommendation,
        {%- for name in values %}
            versions.{{ name }} - arrivals.kept_{{ name }} - departures.moved_{{ name }} as {{ name }},
        {%- endfor %}
        departures.n
    from versions
    inner join arrivals on versions.version_number = arrivals.version_number
    inner join departures on versions.version_number = departures.version_number
    where departures.is_known

),

judged as (

    select
        version_number,
        {{ is_open_change('changes') | indent(8) }} as is_open
    from changes

),

open_versions as (

    select
        version_number,
        bool_or(is_open) as is_open
    from judged
    group by version_number

)

select
    versions.wave_key,
    versions.driver,
    versions.scope_type,
    versions.scope_id,
    bool_and(
        coalesce(open_versions.is_open, false)
        and coalesce(recognised.is_recognised, false)
        and versions.n = coalesce(departures.told_n, 0)
    ) as is_safe
from versions
left join open_versions on versions.version_number = open_versions.version_number
left join departures on versions.version_number = departures.version_number
left join recognised on versions.wave_key = recognised.wave_key
group by versions.wave_key, versions.driver, versions.scope_type, versions.scope_id
