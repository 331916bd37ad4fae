with day_periods as (

    select
        date_day,
        end_at,
        'week' as period_grain,
        week_start as period_start
    from {{ ref('int_days') }}
    union all
    select
        date_day,
        end_at,
        'month' as period_grain,
        month_start as period_start
    from {{ ref('int_days') }}
    union all
    select
        date_day,
        end_at,
        'quarter' as period_grain,
        quarter_start as period_start
    from {{ ref('int_days') }}

)

select
    day_periods.date_day,
    day_periods.period_grain,
    day_periods.period_start,
    day_periods.end_at <= settings.as_of as is_over
from day_periods
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('int_periods') }} as periods
    on
        day_periods.period_grain = periods.period_grain
        and day_periods.period_start = periods.period_start
