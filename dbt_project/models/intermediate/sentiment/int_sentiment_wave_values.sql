with versions as (

    select *
    from {{ ref('int_sentiment_versions') }}
    qualify row_number() over (partition by wave_key, driver, scope_type, scope_id order by version desc) = 1

),

nested as (

    select
        versions.*,
        scope_type as around_type,
        scope_id as around_id
    from versions
    union all
    select
        versions.*,
        'value_stream' as around_type,
        value_stream_id as around_id
    from versions
    where scope_type = 'team'
    union all
    select
        versions.*,
        'organization' as around_type,
        'organization' as around_id
    from versions
    where scope_type != 'organization'

),

sums as (

    select
        wave_key,
        driver,
        around_type as scope_type,
        around_id as scope_id,
        cast(sum(n) as bigint) as n,
        {{ exact_sum('score_sum', digits=30) }} as score_sum,
        cast(sum(favourable_answers) as bigint) as favourable_answers,
        cast(sum(favourable_count) as bigint) as favourable_count,
        cast(sum(promoters_count) as bigint) as promoters_count,
        cast(sum(passives_count) as bigint) as passives_count,
        cast(sum(detractors_count) as bigint) as detractors_count,
        case when count(*) = count(invited_count) then cast(sum(invited_count) as bigint) end as invited_count
    from nested
    group by wave_key, driver, around_type, around_id
    having bool_or(around_type = scope_type)

),

scopes as (

    select distinct
        wave_key,
        driver,
        scope_type,
        case when is_small then 'small_teams' else scope_id end as scope_id
    from {{ ref('int_sentiment_cells') }}
    union
    select
        wave_key,
        driver,
        scope_type,
        scope_id
    from sums

)

select
    waves.wave_key,
    waves.survey,
    waves.wave,
    waves.wave_date,
    waves.closes_on,
    scopes.scope_type,
    scopes.scope_id,
    scopes.driver,
    case when scopes.driver != 'all' then sums.score_sum / nullif(cast(sums.n as double), 0) end as driver_score,
    sums.favourable_count / nullif(cast(sums.favourable_answers as double), 0) as favourable_share,
    100.0 * (sums.promoters_count - sums.detractors_count)
    / nullif(sums.promoters_count + sums.passives_count + sums.detractors_count, 0) as enps,
    sums.promoters_count,
    sums.passives_count,
    sums.detractors_count,
    case
        when sums.wave_key is not null then cast(participation.n as double) / nullif(participation.invited_count, 0)
    end as response_rate,
    sums.n,
    case when sums.wave_key is not null then participation.n end as responses_count,
    case when sums.wave_key is not null then participation.invited_count end as invited_count,
    case
        when sums.wave_key is null then 'suppressed'
        when participation.n < 0.5 * participation.invited_count then 'partial'
        else 'ok'
    end as data_quality
from scopes
inner join {{ ref('int_survey_waves') }} as waves on scopes.wave_key = waves.wave_key
left join sums on {{ same_columns('scopes', 'sums', ['wave_key', 'driver', 'scope_type', 'scope_id']) }}
left join sums as participation
    on
        {{ same_columns('scopes', 'participation', ['wave_key', 'scope_type', 'scope_id']) }}
        and participation.driver = 'all'
where waves.is_closed
