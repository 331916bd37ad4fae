with grains as (

    select
        'week' as period_grain,
        week_start as period_start,
        cast(week_start + interval 7 day as date) as period_end
    from {{ ref('int_days') }}
    union
    select
        'month' as period_grain,
        month_start as period_start,
        cast(month_start + interval 1 month as date) as period_end
    from {{ ref('int_days') }}
    where not is_lead_in
    union
    select
        'quarter' as period_grain,
        quarter_start as period_start,
        cast(quarter_start + interval 3 month as date) as period_end
    from {{ ref('int_days') }}
    where not is_lead_in

),

edges as (

    select
        grains.period_grain,
        grains.period_start,
        grains.period_end,
        settings.as_of,
        {{ to_utc('cast(grains.period_start as timestamp)', 'settings.time_zone') }} as start_at,
        {{ to_utc('cast(grains.period_end as timestamp)', 'settings.time_zone') }} as end_at
    from grains
    cross join {{ ref('int_settings') }} as settings

)

select
    period_grain,
    period_start,
    case period_grain
        when 'week' then {{ period_index('week', 'period_start') }}
        when 'month' then {{ period_index('month', 'period_start') }}
        else {{ period_index('quarter', 'period_start') }}
    end as period_index,
    period_end,
    start_at,
    end_at,
    least(end_at, as_of) as elapsed_until,
    end_at <= as_of as is_complete,
    {{ days_between('period_start', 'period_end') }} as days_count,
    {{ seconds_between('start_at', 'least(end_at, as_of)') }} / 86400.0 as elapsed_days
from edges
where start_at < as_of
