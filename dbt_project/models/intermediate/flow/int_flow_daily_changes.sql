with stays as (

    select
        stays.*,
        stays.valid_to <= settings.as_of as is_over
    from {{ ref('int_work_item_stays') }} as stays
    cross join {{ ref('int_settings') }} as settings
    where stays.valid_from <= settings.as_of

),

homes as (

    select *
    from {{ ref('int_stay_homes') }}
    where flow_item_type is not null

),

-- stays are grouped by the numbers of their names
begun as (

    select
        first_date as date_day,
        state_key,
        home_key,
        sum(weight) as entered,
        sum(weight) filter (where is_first_entry) as first_entries,
        sum(weight) filter (where is_stage_entry) as arrivals
    from stays
    group by all

),

ended as (

    select
        end_date as date_day,
        state_key,
        home_key,
        sum(weight) as gone
    from stays
    where is_over
    group by all

),

states as (

    select
        state_key,
        flow_state,
        case when flow_state in ('active', 'waiting') then coalesce(stage, '') end as stage,
        left_stage
    from {{ ref('int_stay_states') }}

),

changes as (

    select
        begun.date_day,
        states.flow_state,
        states.stage,
        begun.home_key,
        begun.entered as change,
        begun.first_entries,
        begun.arrivals,
        cast(null as decimal(38, 9)) as departures
    from begun
    inner join states on begun.state_key = states.state_key
    where states.flow_state is not null
    union all
    select
        ended.date_day,
        states.flow_state,
        states.stage,
        ended.home_key,
        -ended.gone as change,
        cast(null as decimal(38, 9)) as first_entries,
        cast(null as decimal(38, 9)) as arrivals,
        cast(null as decimal(38, 9)) as departures
    from ended
    inner join states on ended.state_key = states.state_key
    where states.flow_state is not null
    union all
    -- a visit leaves its stage where the next one begins, and so with the team of that day; its state is not known here
    select
        begun.date_day,
        cast(null as {{ text_type() }}) as flow_state,
        states.left_stage as stage,
        begun.home_key,
        cast(null as decimal(38, 9)) as change,
        cast(null as decimal(38, 9)) as first_entries,
        cast(null as decimal(38, 9)) as arrivals,
        begun.entered as departures
    from begun
    inner join states on begun.state_key = states.state_key
    where states.left_stage is not null

),

first_days as (

    select min(date_day) as first_day
    from {{ ref('int_days') }}

)

select
    greatest(changes.date_day, first_days.first_day) as date_day,
    changes.flow_state,
    changes.stage,
    homes.item_level,
    homes.flow_item_type,
    homes.team_id,
    homes.value_stream_id,
    coalesce(sum(changes.change), 0) as change,
    coalesce(sum(changes.first_entries), 0) as first_entries,
    coalesce(sum(changes.arrivals) filter (where changes.date_day >= first_days.first_day), 0) as arrivals,
    coalesce(sum(changes.departures) filter (where changes.date_day >= first_days.first_day), 0) as departures
from changes
cross join first_days
inner join homes on changes.home_key = homes.home_key
group by all
