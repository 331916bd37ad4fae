with stays as (

    select
        intervals.item_key,
        coalesce(intervals.flow_state, 'unmapped') as flow_state,
        intervals.valid_from,
        intervals.valid_to
    from {{ ref('int_work_item_state_intervals') }} as intervals
    inner join {{ ref('int_initiative_lives') }} as lives on intervals.item_key = lives.item_key

)

select
    item_key,
    flow_state,
    valid_from,
    valid_to,
    max(case when flow_state not in ('done', 'cancelled') then valid_to end) over (
        partition by item_key
        order by valid_from
    ) as open_until
from stays
