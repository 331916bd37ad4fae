with moments as (

    select
        item_key,
        first_state as flow_state,
        0 as moment_order,
        {{ beginning() }} as valid_from
    from {{ ref('int_filed_initiatives') }}
    union all
    select
        item_key,
        started_state as flow_state,
        1 as moment_order,
        started_at as valid_from
    from {{ ref('int_filed_initiatives') }}
    where started_at is not null
    union all
    select
        item_key,
        'done' as flow_state,
        2 as moment_order,
        done_at as valid_from
    from {{ ref('int_filed_initiatives') }}
    where done_at is not null
    union all
    select
        item_key,
        'cancelled' as flow_state,
        3 as moment_order,
        cancelled_at as valid_from
    from {{ ref('int_filed_initiatives') }}
    where cancelled_at is not null

),

filed_stays as (

    select
        item_key,
        flow_state,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (partition by item_key order by moment_order) as valid_to
    from moments

),

stays as (

    select
        intervals.item_key,
        coalesce(intervals.flow_state, 'unmapped') as flow_state,
        intervals.valid_from,
        intervals.valid_to
    from {{ ref('int_work_item_state_intervals') }} as intervals
    inner join {{ ref('int_initiative_lives') }} as lives on intervals.item_key = lives.item_key
    union all
    select
        item_key,
        flow_state,
        valid_from,
        valid_to
    from filed_stays
    where valid_from < valid_to

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
