with bounds as (

    select
        coalesce(min({{ local_date('firsts.created_at', 'settings.time_zone') }}), any_value(settings.as_of_date))
            as first_date,
        any_value(settings.as_of_date) as last_date
    from {{ ref('int_settings') }} as settings
    left join (
        select min(created_at) as created_at
        from {{ ref('stg_jira__issues') }}
        union all
        select min(created_at) as created_at
        from {{ ref('stg_github__pull_requests') }}
    ) as firsts on true

),

days as (

    select {{ date_sequence('first_date', 'last_date') }} as date_day
    from bounds

),

holidays as (

    select distinct calendar_date as date_day
    from {{ ref('stg_organization__calendar_days') }}
    where kind = 'holiday'

),

hours as (

    select
        days.date_day,
        holidays.date_day is null
        and strpos(
            settings.working_days, substr('montuewedthufrisatsun', 3 * {{ weekday_number('days.date_day') }} - 2, 3)
        ) > 0 as is_working_day,
        {{ to_utc(
            "cast(cast(days.date_day as " ~ text_type() ~ ") || ' ' || settings.workday_start as timestamp)",
            'settings.time_zone'
        ) }} as opens_at,
        {{ to_utc(
            "cast(cast(days.date_day as " ~ text_type() ~ ") || ' ' || settings.workday_end as timestamp)",
            'settings.time_zone'
        ) }} as closes_at
    from days
    cross join {{ ref('int_settings') }} as settings
    left join holidays on days.date_day = holidays.date_day

)

select
    date_day,
    is_working_day,
    opens_at,
    case when is_working_day then closes_at else opens_at end as closes_at,
    coalesce(
        sum(case when is_working_day then {{ seconds_between('opens_at', 'closes_at') }} else 0 end) over (
            order by date_day
            rows between unbounded preceding and 1 preceding
        ),
        0
    ) as working_seconds_before
from hours
