-- files stretch nobody's history; where there is nothing else, they are it
with filed as (

    select min(created_at) as first_at
    from {{ ref('int_filed_initiatives') }}

),

bounds as (

    select
        cast(date_trunc('quarter', coalesce(
            min(histories.history_start_date),
            min({{ local_date('filed.first_at', 'settings.time_zone') }}),
            any_value(settings.as_of_date)
        )) as date) as first_date,
        any_value(settings.as_of_date) as last_date
    from {{ ref('int_settings') }} as settings
    cross join filed
    left join {{ ref('int_histories') }} as histories on true

),

days as (

    select
        first_date,
        {{ date_sequence("date_trunc('week', first_date)", 'last_date') }} as date_day
    from bounds

)

select
    days.date_day,
    cast(date_trunc('week', days.date_day) as date) as week_start,
    cast(date_trunc('month', days.date_day) as date) as month_start,
    cast(date_trunc('quarter', days.date_day) as date) as quarter_start,
    days.date_day < days.first_date as is_lead_in,
    {{ to_utc('cast(days.date_day as timestamp)', 'settings.time_zone') }} as start_at,
    {{ to_utc("cast(days.date_day + 1 as timestamp)", 'settings.time_zone') }} as end_at
from days
cross join {{ ref('int_settings') }} as settings
