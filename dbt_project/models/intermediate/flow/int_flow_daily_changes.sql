with stays as (

    select
        stays.flow_state,
        case when stays.flow_state in ('active', 'waiting') then coalesce(stays.stage, '') end as stage,
        stays.item_level,
        stays.flow_item_type,
        stays.team_id,
        stays.value_stream_id,
        stays.weight,
        stays.is_first_entry,
        stays.is_stage_entry,
        stays.left_stage,
        stays.valid_to <= settings.as_of as is_over,
        stays.first_date,
        stays.end_date
    from {{ ref('int_work_item_stays') }} as stays
    cross join {{ ref('int_settings') }} as settings
    where stays.flow_item_type is not null and stays.valid_from <= settings.as_of

),

changes as (

    select
        first_date as date_day,
        flow_state,
        stage,
        item_level,
        flow_item_type,
        team_id,
        value_stream_id,
        sum(weight) as change,
        sum(weight) filter (where is_first_entry) as first_entries,
        sum(weight) filter (where is_stage_entry) as arrivals,
        cast(null as decimal(38, 9)) as departures
    from stays
    where flow_state is not null
    group by all
    union all
    select
        end_date as date_day,
        flow_state,
        stage,
        item_level,
        flow_item_type,
        team_id,
        value_stream_id,
        -sum(weight) as change,
        cast(null as decimal(38, 9)) as first_entries,
        cast(null as decimal(38, 9)) as arrivals,
        cast(null as decimal(38, 9)) as departures
    from stays
    where is_over and flow_state is not null
    group by all
    union all
    -- a visit leaves its stage where the next one begins, and so with the team of that day; its state is not known here
    select
        first_date as date_day,
        cast(null as {{ text_type() }}) as flow_state,
        left_stage as stage,
        item_level,
        flow_item_type,
        team_id,
        value_stream_id,
        cast(null as decimal(38, 9)) as change,
        cast(null as decimal(38, 9)) as first_entries,
        cast(null as decimal(38, 9)) as arrivals,
        sum(weight) as departures
    from stays
    where left_stage is not null
    group by all

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
