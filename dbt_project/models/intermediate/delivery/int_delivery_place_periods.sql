with place_periods as (

    select
        places.place_key,
        places.service_id,
        places.value_stream_id,
        places.weight,
        places.valid_from,
        places.valid_to,
        periods.period_grain,
        periods.period_start,
        coalesce(teams.scope_id, 'unassigned') as team_scope_id
    from {{ ref('int_place_scopes') }} as places
    inner join (
        select
            period_grain,
            period_start,
            min(date_day) as first_day,
            max(date_day) as last_day
        from {{ ref('int_day_periods') }}
        group by period_grain, period_start
    ) as periods
        on
            places.valid_from <= periods.last_day
            and places.valid_to > periods.first_day
    left join {{ ref('int_team_period_scopes') }} as teams
        on
            places.team_id = teams.team_id
            and periods.period_grain = teams.period_grain
            and periods.period_start = teams.period_start

),

scoped as (

    {{ in_every_scope('place_periods') }}

)

select
    place_key,
    service_id is not null as has_service,
    valid_from,
    valid_to,
    period_grain,
    period_start,
    scope_type,
    scope_id,
    case when scope_type = 'service' then 1 else sum(weight) end as weight
from scoped
group by place_key, has_service, valid_from, valid_to, period_grain, period_start, scope_type, scope_id
