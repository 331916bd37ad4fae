-- a day counts once it is over; where an item moves on within a day, the last of its stays in the team says what it was
with bounds as (

    select
        min(days.date_day) as first_day,
        max(cast(days.date_day + interval 1 day as date)) as end_day
    from {{ ref('int_days') }} as days
    cross join {{ ref('int_settings') }} as settings
    where days.end_at <= settings.as_of

),

stays as (

    select
        stays.item_key,
        homes.team_id,
        homes.value_stream_id,
        coalesce(homes.flow_item_type, 'unmapped') as flow_item_type,
        stays.weight,
        stays.valid_from,
        greatest(stays.first_date, bounds.first_day) as first_date,
        least(
            case
                -- a stay that ends at midnight has no part in the day that begins there
                when stays.end_date = date '9999-12-31' or days.start_at = stays.valid_to then stays.end_date
                else cast(stays.end_date + interval 1 day as date)
            end,
            bounds.end_day
        ) as end_date
    from {{ ref('int_work_item_stays') }} as stays
    cross join bounds
    inner join {{ ref('int_stay_homes') }} as homes
        on
            stays.home_key = homes.home_key
            and homes.item_level = 'flow_item'
    inner join {{ ref('int_stay_states') }} as states
        on
            stays.state_key = states.state_key
            and states.flow_state = 'active'
    left join {{ ref('int_days') }} as days on stays.end_date = days.date_day
    where stays.valid_from < stays.valid_to

),

next_days as (

    select
        item_key,
        team_id,
        valid_from,
        lead(first_date) over (partition by item_key, team_id order by valid_from) as next_date
    from (
        select distinct
            item_key,
            team_id,
            valid_from,
            first_date
        from stays
    ) as begun

)

select
    stays.item_key,
    stays.team_id,
    stays.value_stream_id,
    stays.flow_item_type,
    stays.weight,
    stays.first_date,
    least(stays.end_date, coalesce(next_days.next_date, stays.end_date)) as end_date
from stays
inner join next_days
    on
        stays.item_key = next_days.item_key
        and stays.team_id = next_days.team_id
        and stays.valid_from = next_days.valid_from
where stays.first_date < least(stays.end_date, coalesce(next_days.next_date, stays.end_date))
