with stages as (

    select
        state_key,
        case when flow_state in ('active', 'waiting') then stage end as stage,
        left_stage
    from {{ ref('int_stay_states') }}

),

by_stage as (

    select
        changes.date_day,
        stages.stage,
        stages.left_stage,
        changes.home_key,
        sum(changes.entered) as entered,
        sum(changes.arrivals) as arrivals,
        sum(changes.gone) as gone
    from {{ ref('int_flow_daily_changes') }} as changes
    inner join stages on changes.state_key = stages.state_key
    where stages.stage is not null or stages.left_stage is not null
    group by all

),

sides as (

    select
        date_day,
        home_key,
        stage,
        entered - gone as change,
        arrivals,
        0 as departures
    from by_stage
    where stage is not null
    union all
    -- a visit leaves its stage where the next one begins, and so with the team of that day
    select
        date_day,
        home_key,
        left_stage as stage,
        0 as change,
        0 as arrivals,
        entered as departures
    from by_stage
    where left_stage is not null

),

daily_changes as (

    select
        -- what was before the first day is a change of the first day, but no visit
        greatest(sides.date_day, first_days.first_day) as date_day,
        sides.stage,
        homes.item_level,
        homes.team_id,
        homes.value_stream_id,
        sum(sides.change) as change,
        coalesce(sum(sides.arrivals) filter (where sides.date_day >= first_days.first_day), 0) as arrivals,
        coalesce(sum(sides.departures) filter (where sides.date_day >= first_days.first_day), 0) as departures
    from sides
    cross join (select min(date_day) as first_day from {{ ref('int_days') }}) as first_days
    inner join {{ ref('int_stay_homes') }} as homes
        on
            sides.home_key = homes.home_key
            and homes.flow_item_type is not null
    group by all

),

places as (

    select
        stage,
        item_level,
        team_id,
        value_stream_id,
        min(date_day) as first_day
    from daily_changes
    group by all

),

stocks as (

    select
        days.date_day,
        places.stage,
        places.item_level,
        places.team_id,
        places.value_stream_id,
        sum(coalesce(daily_changes.change, 0)) over (
            partition by places.stage, places.item_level, places.team_id, places.value_stream_id
            order by days.date_day
        ) as items
    from places
    inner join {{ ref('int_days') }} as days on places.first_day <= days.date_day
    left join daily_changes
        on
            days.date_day = daily_changes.date_day
            and places.stage = daily_changes.stage
            and places.item_level = daily_changes.item_level
            and places.team_id = daily_changes.team_id
            and places.value_stream_id is not distinct from daily_changes.value_stream_id

),

-- the backlog of a period is the stock of its last day
numbers as (

    select
        stocks.date_day,
        stocks.stage,
        stocks.item_level,
        stocks.team_id,
        stocks.value_stream_id,
        {%- for grain in period_grains() %}
            case when days.is_{{ grain }}_end then stocks.items else 0 end as {{ grain }}_backlog,
        {%- endfor %}
        0 as arrivals,
        0 as departures
    from stocks
    inner join {{ ref('int_day_grains') }} as days
        on
            stocks.date_day = days.date_day
            and (days.is_week_end or days.is_month_end or days.is_quarter_end)
    union all
    select
        date_day,
        stage,
        item_level,
        team_id,
        value_stream_id,
        {%- for grain in period_grains() %}
            0 as {{ grain }}_backlog,
        {%- endfor %}
        arrivals,
        departures
    from daily_changes

),

scoped as (

    {{ scope_rows(
        'numbers', 'date_day', ['item_level', 'stage'],
        ['week_backlog', 'month_backlog', 'quarter_backlog', 'arrivals', 'departures']
    ) }}

)

select
    scope_type,
    {{ grouped_period() }},
    item_level,
    stage,
    case
        when week_start is not null then sum(week_backlog)
        when month_start is not null then sum(month_backlog)
        else sum(quarter_backlog)
    end as backlog_items,
    sum(arrivals) as arrivals,
    sum(departures) as departures
from scoped
group by {{ period_grouping_sets(['scope_type', 'item_level', 'stage']) }}
having {{ has_grouped_period() }}
