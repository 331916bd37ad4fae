select
    intervals.item_key,
    coalesce(intervals.flow_state, 'unmapped') as flow_state,
    intervals.valid_from,
    intervals.valid_to,
    max(intervals.valid_to) filter (where coalesce(intervals.flow_state, 'unmapped') not in ('done', 'cancelled')) over (
        partition by intervals.item_key
        order by intervals.valid_from
    ) as open_until
from {{ ref('int_work_item_state_intervals') }} as intervals
inner join {{ ref('int_initiative_lives') }} as lives on intervals.item_key = lives.item_key
