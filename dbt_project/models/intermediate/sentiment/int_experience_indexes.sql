-- the mean of shown scores; one that is hidden or was not asked leaves no index
with last_waves as (

    select
        wave_values.scope_type,
        wave_values.scope_id,
        cast(date_trunc('quarter', wave_values.closes_on) as date) as period_start,
        wave_values.driver_score,
        wave_values.n,
        wave_values.data_quality,
        length(settings.experience_drivers) - length(replace(settings.experience_drivers, ',', '')) + 1
            as drivers_count
    from {{ ref('int_sentiment_wave_values') }} as wave_values
    cross join {{ ref('int_settings') }} as settings
    where contains(',' || settings.experience_drivers || ',', ',' || wave_values.driver || ',')
    qualify
        dense_rank() over (
            partition by date_trunc('quarter', wave_values.closes_on), wave_values.driver
            order by wave_values.closes_on desc, wave_values.wave_key desc
        ) = 1

),

means as (

    select
        scope_type,
        scope_id,
        period_start,
        {{ exact_sum('driver_score') }} / nullif(count(driver_score), 0) as experience_index,
        min(n) as n,
        case
            when bool_or(data_quality = 'suppressed') then 'suppressed'
            when count(driver_score) < max(drivers_count) then 'no_data'
            when bool_or(data_quality = 'partial') then 'partial'
            else 'ok'
        end as data_quality
    from last_waves
    group by scope_type, scope_id, period_start

)

select
    scope_type,
    scope_id,
    period_start,
    case when data_quality in ('partial', 'ok') then experience_index end as experience_index,
    case data_quality when 'no_data' then 0 when 'suppressed' then null else n end as n,
    data_quality
from means
