with months as (

    select
        days.month_start,
        min(days.date_day) as first_date,
        max(cast(days.date_day + interval 1 day as date)) as end_date
    from {{ ref('int_days') }} as days
    cross join {{ ref('int_settings') }} as settings
    where days.end_at <= settings.as_of and not days.is_lead_in
    group by days.month_start

),

pieces as (

    select
        shares.team_id,
        months.month_start,
        shares.value_stream_id,
        shares.flow_item_type,
        shares.work_category,
        shares.objective_id,
        shares.weight,
        greatest(shares.first_date, months.first_date) as first_date,
        cast(least(shares.end_date, months.end_date) - interval 1 day as date) as last_date
    from {{ ref('int_active_item_shares') }} as shares
    inner join months
        on
            shares.first_date < months.end_date
            and shares.end_date > months.first_date

),

worked as (

    select
        pieces.team_id,
        pieces.month_start,
        pieces.value_stream_id,
        pieces.flow_item_type,
        pieces.work_category,
        pieces.objective_id,
        sum(pieces.weight * ({{ days_between('pieces.first_date', 'pieces.last_date') }} + 1)) as item_days,
        sum(
            cast(pieces.weight as decimal(11, 9))
            * cast(last_days.cents_per_item - coalesce(days_before.cents_per_item, 0) as decimal(26, 12))
        ) as cents
    from pieces
    left join {{ ref('int_team_cost_days') }} as last_days
        on
            pieces.team_id = last_days.team_id
            and pieces.last_date = last_days.date_day
    left join {{ ref('int_team_cost_days') }} as days_before
        on
            pieces.team_id = days_before.team_id
            and cast(pieces.first_date - interval 1 day as date) = days_before.date_day
    group by all

),

team_shares as (

    {{ whole_value_stream_shares() }}

),

-- days on which nothing of a team was active belong to its value streams
idle as (

    select
        cost_days.team_id,
        cost_days.month_start,
        team_shares.value_stream_id,
        sum(cost_days.cents * cast(team_shares.weight as decimal(10, 9))) as cents
    from {{ ref('int_team_cost_days') }} as cost_days
    inner join team_shares
        on
            cost_days.team_id = team_shares.team_id
            and {{ in_force('team_shares', 'cost_days.date_day') }}
    where cost_days.cents > 0 and cost_days.active_items = 0
    group by cost_days.team_id, cost_days.month_start, team_shares.value_stream_id

),

cells as (

    select
        team_id,
        month_start,
        value_stream_id,
        flow_item_type,
        work_category,
        objective_id,
        item_days,
        cast(round(cents, 6) as decimal(38, 6)) as cents
    from worked
    where item_days > 0
    union all
    select
        team_id,
        month_start,
        value_stream_id,
        'unallocated' as flow_item_type,
        'unallocated' as work_category,
        'unallocated' as objective_id,
        0 as item_days,
        cast(round(cents, 6) as decimal(38, 6)) as cents
    from idle

),

totals as (

    select
        team_id,
        month_start,
        any_value(currency) as currency,
        sum(cents) as cents
    from {{ ref('int_team_cost_days') }}
    where cents is not null
    group by team_id, month_start

),

-- what is left of the whole cents goes to the largest remainders, in the order of their names among equals
rounded as (

    select
        cells.team_id,
        cells.month_start,
        cells.value_stream_id,
        cells.flow_item_type,
        cells.work_category,
        cells.objective_id,
        cells.item_days,
        totals.currency,
        totals.cents as total_cents,
        floor(cells.cents) as whole_cents,
        row_number() over (
            partition by cells.team_id, cells.month_start
            order by
                cells.cents - floor(cells.cents) desc,
                cells.value_stream_id asc,
                cells.flow_item_type asc,
                cells.work_category asc,
                cells.objective_id asc
        ) as remainder_rank,
        sum(floor(cells.cents)) over (partition by cells.team_id, cells.month_start) as whole_cents_sum
    from cells
    left join totals
        on
            cells.team_id = totals.team_id
            and cells.month_start = totals.month_start

)

select
    team_id,
    month_start,
    value_stream_id,
    flow_item_type,
    work_category,
    objective_id,
    cast(item_days as double) as item_days,
    currency,
    cast(
        case
            when total_cents is null then null
            else whole_cents + case when remainder_rank <= total_cents - whole_cents_sum then 1 else 0 end
        end as bigint
    ) as cents
from rounded
