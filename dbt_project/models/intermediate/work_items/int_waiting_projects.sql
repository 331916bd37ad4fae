select
    types.connection,
    types.project_key,
    min(intervals.valid_from) as first_waiting_at
from {{ ref('int_work_item_state_intervals') }} as intervals
inner join {{ ref('int_work_item_types') }} as types
    on
        intervals.item_key = types.item_key
        and intervals.valid_from >= types.valid_from
        and intervals.valid_from < types.valid_to
where intervals.flow_state = 'waiting'
group by types.connection, types.project_key
