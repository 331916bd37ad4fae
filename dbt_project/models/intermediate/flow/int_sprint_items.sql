{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items(or_where=is_of_other_sprint()) }}"
) }}

with sprints as (

    select
        sprints.sprint_key,
        sprints.started_at,
        case when sprints.closed_at <= settings.as_of then sprints.closed_at end as closed_at,
        least(coalesce(sprints.closed_at, settings.as_of), settings.as_of) as measured_until,
        {% if is_incremental() %} sprints.sprint_key in (select built.sprint_key from {{ this }} as built)
        {%- else %} false
        {%- endif %} as is_kept
    from {{ ref('stg_jira__sprints') }} as sprints
    cross join {{ ref('int_settings') }} as settings
    where sprints.started_at <= settings.as_of

),

cancellations as (

    select
        item_key,
        flow_state,
        valid_from,
        valid_to
    from {{ ref('int_work_item_state_intervals') }}
    where flow_state = 'cancelled'

),

stays as (

    select
        memberships.item_key,
        memberships.valid_from,
        memberships.valid_to,
        sprints.*
    from sprints
    inner join {{ ref('int_work_item_sprints') }} as memberships
        on
            sprints.sprint_key = memberships.sprint_key
            and sprints.measured_until >= memberships.valid_from
            and sprints.started_at < memberships.valid_to
    where not sprints.is_kept or {{ of_affected_items('memberships.item_key') }}

),

memberships as (

    select
        stays.sprint_key,
        stays.item_key,
        stays.started_at,
        stays.closed_at,
        stays.measured_until,
        bool_or(stays.valid_from <= stays.started_at and stays.valid_to > stays.started_at) as was_in_at_start,
        bool_or(stays.valid_from <= stays.measured_until and stays.valid_to > stays.measured_until) as is_in_at_end,
        min(stays.valid_from) filter (where stays.valid_from > stays.started_at) as first_added_at,
        bool_or(
            stays.valid_from <= coalesce(facts.done_at, {{ forever() }})
            and stays.valid_to > coalesce(facts.done_at, {{ forever() }})
        ) as was_in_at_done,
        any_value(facts.created_at) as created_at,
        coalesce(
            bool_or(
                states.flow_state = 'cancelled'
                and states.valid_from <= stays.started_at
                and states.valid_to > stays.started_at
            ), false
        ) as was_cancelled_at_start,
        any_value(facts.done_at) as done_at
    from stays
    inner join {{ ref('int_work_item_facts') }} as facts on stays.item_key = facts.item_key
    left join cancellations as states on stays.item_key = states.item_key
    group by stays.sprint_key, stays.item_key, stays.started_at, stays.closed_at, stays.measured_until

),

judged as (

    select
        sprint_key,
        item_key,
        started_at,
        closed_at,
        measured_until,
        was_in_at_start and created_at <= started_at and not was_cancelled_at_start as is_committed,
        not(was_in_at_start and created_at <= started_at) as is_added,
        was_in_at_start and created_at <= started_at and was_cancelled_at_start as is_out_of_count,
        coalesce(done_at > started_at and done_at <= measured_until and was_in_at_done, false) as is_completed,
        not is_in_at_end as is_out_at_end,
        case
            when was_in_at_start then greatest(started_at, created_at)
            else greatest(first_added_at, created_at)
        end as joined_at,
        done_at
    from memberships
    where done_at is null or done_at > started_at

)

select
    judged.sprint_key,
    judged.item_key,
    types.profile_key,
    types.flow_item_type,
    judged.joined_at,
    judged.started_at,
    judged.closed_at,
    judged.is_committed,
    judged.is_added,
    judged.is_completed,
    judged.is_out_at_end and not judged.is_completed as is_removed,
    judged.closed_at is not null and not judged.is_out_at_end and not judged.is_completed as is_carried,
    points.number as points_at_joining,
    final_points.number as points_at_end
from judged
inner join {{ ref('int_work_item_types') }} as types
    on
        judged.item_key = types.item_key
        and judged.joined_at >= types.valid_from
        and judged.joined_at < types.valid_to
        and types.item_level = 'flow_item'
        and not judged.is_out_of_count
left join {{ ref('int_work_item_numbers') }} as points
    on
        judged.item_key = points.item_key
        and points.field = 'story_points'
        and judged.joined_at >= points.valid_from
        and judged.joined_at < points.valid_to
left join {{ ref('int_work_item_numbers') }} as final_points
    on
        judged.item_key = final_points.item_key
        and final_points.field = 'story_points'
        and least(judged.measured_until, coalesce(judged.done_at, judged.measured_until)) >= final_points.valid_from
        and least(judged.measured_until, coalesce(judged.done_at, judged.measured_until)) < final_points.valid_to
