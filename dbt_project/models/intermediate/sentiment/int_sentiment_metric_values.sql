with last_waves as (

    select
        wave_values.scope_type,
        wave_values.scope_id,
        wave_values.driver,
        wave_values.driver_score,
        wave_values.favourable_share,
        wave_values.enps,
        wave_values.response_rate,
        wave_values.n,
        wave_values.responses_count,
        wave_values.invited_count,
        wave_values.data_quality,
        cast(date_trunc('quarter', wave_values.closes_on) as date) as period_start
    from {{ ref('int_sentiment_wave_values') }} as wave_values
    qualify
        dense_rank() over (
            partition by date_trunc('quarter', wave_values.closes_on), wave_values.driver
            order by wave_values.closes_on desc, wave_values.wave_key desc
        ) = 1

),

metrics as (

    select distinct
        'driver_score' as metric,
        driver,
        'driver:' || driver as breakdown
    from {{ ref('int_sentiment_wave_values') }}
    where driver != 'all'
    union all
    select distinct
        'favourable_share' as metric,
        driver,
        'driver:' || driver as breakdown
    from {{ ref('int_sentiment_wave_values') }}
    where driver != 'all'
    union all
    select
        'enps' as metric,
        driver,
        'all' as breakdown
    from {{ ref('stg_surveys__items') }}
    where kind = 'nps'
    qualify row_number() over (order by case when lower(driver) = 'enps' then 0 else 1 end, driver) = 1
    union all
    select
        'response_rate' as metric,
        'all' as driver,
        'all' as breakdown

),

spine as (

    select
        metrics.metric,
        metrics.driver,
        metrics.breakdown,
        scopes.scope_type,
        scopes.scope_id,
        scopes.period_grain,
        scopes.period_start,
        scopes.is_complete
    from {{ ref('int_scope_periods') }} as scopes
    cross join metrics
    where scopes.period_grain = 'quarter'

)

select
    spine.metric,
    spine.scope_type,
    spine.scope_id,
    spine.period_grain,
    spine.period_start,
    spine.breakdown,
    case spine.metric
        when 'driver_score' then last_waves.driver_score
        when 'favourable_share' then last_waves.favourable_share
        when 'enps' then last_waves.enps
        else last_waves.response_rate
    end as value,
    case when spine.metric = 'response_rate' then cast(last_waves.responses_count as double) end as numerator,
    case when spine.metric = 'response_rate' then cast(last_waves.invited_count as double) end as denominator,
    case when last_waves.scope_id is null then 0 else last_waves.n end as n,
    case
        when last_waves.scope_id is null then 'no_data'
        when last_waves.data_quality = 'suppressed' then 'suppressed'
        when
            case spine.metric
                when 'driver_score' then last_waves.driver_score
                when 'favourable_share' then last_waves.favourable_share
                when 'enps' then last_waves.enps
                else last_waves.response_rate
            end is null
            then 'no_data'
        else last_waves.data_quality
    end as data_quality,
    spine.is_complete
from spine
left join last_waves
    on
        spine.scope_type = last_waves.scope_type
        and spine.scope_id = last_waves.scope_id
        and spine.driver = last_waves.driver
        and spine.period_start = last_waves.period_start
union all
select
    'experience_index' as metric,
    scopes.scope_type,
    scopes.scope_id,
    scopes.period_grain,
    scopes.period_start,
    'all' as breakdown,
    experience.experience_index as value,
    null as numerator,
    null as denominator,
    case when experience.scope_id is null then 0 else experience.n end as n,
    coalesce(experience.data_quality, 'no_data') as data_quality,
    scopes.is_complete
from {{ ref('int_scope_periods') }} as scopes
left join {{ ref('int_experience_indexes') }} as experience
    on
        scopes.scope_type = experience.scope_type
        and scopes.scope_id = experience.scope_id
        and scopes.period_start = experience.period_start
where scopes.period_grain = 'quarter'
