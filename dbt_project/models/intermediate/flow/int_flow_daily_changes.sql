with stays as (

    select
        stays.*,
        stays.valid_to <= settings.as_of as is_over
    from {{ ref('int_work_item_stays') }} as stays
    cross join {{ ref('int_settings') }} as settings
    where stays.flow_item_type is not null and stays.valid_from <= settings.as_of

),

-- stays are grouped by the number of their place, not by its seven names; an older engine numbered them otherwise
places as (

    select
        place,
        any_value(flow_state) as flow_state,
        case when any_value(flow_state) in ('active', 'waiting') then coalesce(any_value(stage), '') end as stage,
        any_value(left_stage) as left_stage,
        any_value(item_level) as item_level,
        any_value(flow_item_type) as flow_item_type,
        any_value(team_id) as team_id,
        any_value(value_stream_id) as value_stream_id
    from stays
    group by place

),

begun as (

    select
        first_date as date_day,
        place,
        sum(weight) as entered,
        sum(weight) filter (where is_first_entry) as first_entries,
        sum(weight) filter (where is_stage_entry) as arrivals
    from stays
    group by all

),

ended as (

    select
        end_date as date_day,
        place,
        sum(weight) as gone
    from stays
    where is_over
    group by all

),

changes as (

    select
        begun.date_day,
        places.flow_state,
        places.stage,
        places.item_level,
        places.flow_item_type,
        places.team_id,
        places.value_stream_id,
        begun.entered as change,
        begun.first_entries,
        begun.arrivals,
        cast(null as decimal(38, 9)) as departures
    from begun
    inner join places on begun.place = places.place
    where places.flow_state is not null
    union all
    select
        ended.date_day,
        places.flow_state,
        places.stage,
        places.item_level,
        places.flow_item_type,
        places.team_id,
        places.value_stream_id,
        -ended.gone as change,
        cast(null as decimal(38, 9)) as first_entries,
        cast(null as decimal(38, 9)) as arrivals,
        cast(null as decimal(38, 9)) as departures
    from ended
    inner join places on ended.place = places.place
    where places.flow_state is not null
    union all
    -- a visit leaves its stage where the next one begins, and so with the team of that day; its state is not known here
    select
        begun.date_day,
        cast(null as {{ text_type() }}) as flow_state,
        places.left_stage as stage,
        places.item_level,
        places.flow_item_type,
        places.team_id,
        places.value_stream_id,
        cast(null as decimal(38, 9)) as change,
        cast(null as decimal(38, 9)) as first_entries,
        cast(null as decimal(38, 9)) as arrivals,
        begun.entered as departures
    from begun
    inner join places on begun.place = places.place
    where places.left_stage is not null

),

first_days as (

    select min(date_day) as first_day
    from {{ ref('int_days') }}

)

select
    greatest(changes.date_day, first_days.first_day) as date_day,
    changes.flow_state,
    changes.stage,
    changes.item_level,
    changes.flow_item_type,
    changes.team_id,
    changes.value_stream_id,
    coalesce(sum(changes.change), 0) as change,
    coalesce(sum(changes.first_entries), 0) as first_entries,
    coalesce(sum(changes.arrivals) filter (where changes.date_day >= first_days.first_day), 0) as arrivals,
    coalesce(sum(changes.departures) filter (where changes.date_day >= first_days.first_day), 0) as departures
from changes
cross join first_days
group by all
