with periods as (

    select
        periods.period_grain,
        periods.period_start,
        periods.start_at,
        periods.end_at,
        least(cast(periods.end_at - interval 1 microsecond as timestamp), settings.as_of) as last_moment
    from {{ ref('int_periods') }} as periods
    cross join {{ ref('int_settings') }} as settings

),

stays as (

    select
        intervals.item_key,
        intervals.flow_state,
        intervals.valid_from,
        intervals.valid_to
    from {{ ref('int_work_item_state_intervals') }} as intervals
    inner join (
        select distinct item_key
        from {{ ref('int_initiative_outcomes') }}
    ) as initiatives on intervals.item_key = initiatives.item_key

),

present as (

    select
        stays.item_key,
        periods.period_grain,
        periods.period_start,
        periods.last_moment,
        bool_or(coalesce(stays.flow_state, 'unmapped') not in ('done', 'cancelled')) as was_open,
        coalesce(max_by(stays.flow_state, stays.valid_from), 'unmapped') as last_state
    from periods
    inner join stays
        on
            periods.last_moment >= stays.valid_from
            and periods.start_at < stays.valid_to
    group by all

),

counted as (

    select
        present.item_key,
        present.period_grain,
        present.period_start,
        least(present.last_moment, facts.done_at) as judged_at,
        coalesce(facts.started_at <= present.last_moment, false)
        or coalesce(facts.done_at <= present.last_moment, false) as is_started
    from present
    inner join {{ ref('int_work_item_facts') }} as facts on present.item_key = facts.item_key
    inner join periods
        on
            present.period_grain = periods.period_grain
            and present.period_start = periods.period_start
    where
        present.last_state != 'cancelled'
        and (present.was_open or (facts.done_at >= periods.start_at and facts.done_at <= present.last_moment))

)

select
    counted.item_key,
    counted.period_grain,
    counted.period_start,
    counted.judged_at,
    counted.is_started,
    outcomes.rejected_by is null as has_outcome,
    outcomes.rejected_by,
    types.profile_key,
    types.connection
from counted
inner join {{ ref('int_initiative_outcomes') }} as outcomes
    on
        counted.item_key = outcomes.item_key
        and counted.judged_at >= outcomes.valid_from
        and counted.judged_at < outcomes.valid_to
inner join {{ ref('int_work_item_types') }} as types
    on
        counted.item_key = types.item_key
        and counted.judged_at >= types.valid_from
        and counted.judged_at < types.valid_to
        and types.item_level = 'initiative'
