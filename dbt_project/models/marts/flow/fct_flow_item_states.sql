with stays as (

    select
        intervals.item_key,
        intervals.status_id,
        intervals.flow_state,
        intervals.stage,
        intervals.is_entry,
        {{ microseconds_between(
            'intervals.valid_from',
            'case when intervals.valid_to < ' ~ forever() ~ ' then intervals.valid_to else settings.as_of end'
        ) }} as microseconds
    from {{ ref('int_work_item_state_intervals') }} as intervals
    cross join {{ ref('int_settings') }} as settings
    where not intervals.is_after_done and coalesce(intervals.flow_state, 'unmapped') != 'cancelled'

)

select
    stays.item_key,
    homes.item_level,
    stays.flow_state,
    stays.stage,
    stays.status_id,
    any_value(statuses.status_name) as status,
    count(*) filter (where stays.is_entry) as entries,
    sum(stays.microseconds) / 86400000000.0 as days
from stays
inner join {{ ref('int_flow_item_homes') }} as homes on stays.item_key = homes.item_key
left join {{ ref('stg_jira__statuses') }} as statuses
    on
        split_part(stays.item_key, ':', 1) = statuses.connection
        and stays.status_id = statuses.status_id
where homes.item_level in ('flow_item', 'initiative') and homes.flow_item_type is not null
group by stays.item_key, homes.item_level, stays.flow_state, stays.stage, stays.status_id
