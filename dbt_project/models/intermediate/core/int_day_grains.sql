with last_days as (

    select
        period_grain,
        period_start,
        max(date_day) as last_day
    from {{ ref('int_day_periods') }}
    group by period_grain, period_start

)

select
    day_periods.date_day,
    {%- for grain in period_grains() %}
        max(day_periods.period_start) filter (where day_periods.period_grain = '{{ grain }}') as {{ grain }}_start,
        coalesce(
            bool_or(day_periods.date_day = last_days.last_day) filter (where day_periods.period_grain = '{{ grain }}'),
            false
        ) as is_{{ grain }}_end,
    {%- endfor %}
    bool_or(day_periods.is_over) as is_over
from {{ ref('int_day_periods') }} as day_periods
inner join last_days
    on
        day_periods.period_grain = last_days.period_grain
        and day_periods.period_start = last_days.period_start
group by day_periods.date_day
