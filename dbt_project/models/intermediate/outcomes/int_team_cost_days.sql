-- the cost of a row up to each of its days, rounded: the days' differences are whole cents and sum to the row
with days as (

    select
        days.date_day,
        days.month_start,
        days.is_lead_in
    from {{ ref('int_days') }} as days
    cross join {{ ref('int_settings') }} as settings
    where days.end_at <= settings.as_of

),

spans as (

    select
        costs.team_id,
        costs.currency,
        costs.cents,
        costs.valid_from,
        greatest(costs.valid_from, teams.valid_from) as first_date,
        least(costs.valid_to, {{ known_end('teams', 'settings.as_of_date') }}) as end_date
    from {{ ref('stg_organization__team_costs') }} as costs
    cross join {{ ref('int_settings') }} as settings
    inner join (
        select
            team_id,
            min(valid_from) as valid_from,
            max(valid_to) as valid_to
        from {{ ref('stg_organization__teams') }}
        group by team_id
    ) as teams on costs.team_id = teams.team_id

),

cost_days as (

    select
        spans.team_id,
        days.date_day,
        spans.cents * {{ days_between('spans.first_date', 'days.date_day') }} as before,
        spans.cents * ({{ days_between('spans.first_date', 'days.date_day') }} + 1) as after,
        {{ days_between('spans.first_date', 'spans.end_date') }} as days_count
    from spans
    inner join days
        on
            spans.first_date <= days.date_day
            and spans.end_date > days.date_day
            and not days.is_lead_in

),

changes as (

    select
        team_id,
        first_date as date_day,
        weight
    from {{ ref('int_active_item_spans') }}
    union all
    select
        team_id,
        end_date as date_day,
        -weight as weight
    from {{ ref('int_active_item_spans') }}

),

team_changes as (

    select
        team_id,
        date_day,
        sum(weight) as weight
    from changes
    group by team_id, date_day

),

-- half a cent is rounded up
team_days as (

    select
        teams.team_id,
        teams.currency,
        days.date_day,
        days.month_start,
        cast(
            (2 * cost_days.after + cost_days.days_count) // (2 * cost_days.days_count)
            - (2 * cost_days.before + cost_days.days_count) // (2 * cost_days.days_count)
            as bigint
        ) as cents,
        sum(coalesce(team_changes.weight, 0)) over (partition by teams.team_id order by days.date_day) as active_items
    from (
        select
            team_id,
            any_value(currency) as currency
        from spans
        group by team_id
    ) as teams
    cross join days
    left join cost_days
        on
            teams.team_id = cost_days.team_id
            and days.date_day = cost_days.date_day
    left join team_changes
        on
            teams.team_id = team_changes.team_id
            and days.date_day = team_changes.date_day

)

select
    team_id,
    currency,
    date_day,
    month_start,
    cents,
    active_items,
    sum(
        case
            when active_items > 0 and cents > 0
                then cast(cast(cents as double) / cast(active_items as double) as decimal(26, 12))
            else 0
        end
    ) over (
        partition by team_id
        order by date_day
    ) as cents_per_item
from team_days
