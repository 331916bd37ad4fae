with special_days as (

    select
        calendar_date,
        bool_or(kind = 'holiday') as is_holiday,
        bool_or(kind = 'freeze') as is_freeze,
        min(name) filter (where kind = 'holiday') as holiday_name
    from {{ ref('stg_organization__calendar_days') }}
    group by calendar_date

)

select
    days.date_day,
    days.week_start,
    days.month_start,
    days.quarter_start,
    cast(extract(year from days.date_day) as integer) as year_number,
    cast(extract(isodow from days.date_day) as integer) as iso_weekday,
    extract(isodow from days.date_day) in (6, 7) as is_weekend,
    coalesce(special_days.is_holiday, false) as is_holiday,
    coalesce(special_days.is_freeze, false) as is_freeze,
    special_days.holiday_name
from {{ ref('int_days') }} as days
left join special_days on days.date_day = special_days.calendar_date
