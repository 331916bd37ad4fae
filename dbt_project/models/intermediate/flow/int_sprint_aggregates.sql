-- items of one sprint, profile and type are of the same teams; what is committed joined at the start
with commitments as (

    select
        sprint_key,
        started_at,
        closed_at,
        profile_key,
        flow_item_type,
        cast(count(*) as integer) as items,
        cast(count(*) filter (where is_completed) as integer) as completed_items
    from {{ ref('int_sprint_items') }}
    where is_committed and closed_at is not null and flow_item_type is not null
    group by sprint_key, started_at, closed_at, profile_key, flow_item_type

),

shares as (

    select
        commitments.sprint_key,
        commitments.profile_key,
        commitments.flow_item_type,
        commitments.items,
        commitments.completed_items,
        {{ local_date('commitments.closed_at', 'settings.time_zone') }} as closed_date,
        {{ local_date('commitments.started_at', 'settings.time_zone') }} as started_date,
        teams.team_id,
        teams.value_stream_id,
        teams.weight,
        teams.weight < 1 as is_shared
    from commitments
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_work_profile_teams') }} as teams
        on
            commitments.profile_key = teams.profile_key
            and commitments.started_at >= teams.valid_from
            and commitments.started_at < teams.valid_to

),

scoped as (

    {{ scope_rows(
        'shares', 'closed_date', ['flow_item_type', 'sprint_key', 'profile_key', 'items', 'completed_items', 'is_shared'],
        ['weight'], streams_on='started_date'
    ) }}

),

whole as (

    select
        scope_type,
        {{ grouped_period() }},
        flow_item_type,
        sum(items) as committed_n,
        sum(items * weight) as committed_items,
        sum(completed_items * weight) as kept_items
    from scoped
    where not is_shared
    group by {{ period_grouping_sets(['scope_type'], 'flow_item_type') }}
    having {{ has_grouped_period() }}

),

-- an item of several teams is one commitment of what they have in common
shared as (

    select
        scope_type,
        {{ grouped_period() }},
        flow_item_type,
        any_value(items) as committed_n,
        sum(items * weight) as committed_items,
        sum(completed_items * weight) as kept_items
    from scoped
    where is_shared
    group by {{ period_grouping_sets(['scope_type', 'sprint_key', 'profile_key'], 'flow_item_type') }}
    having {{ has_grouped_period() }}

)

select
    scope_type,
    scope_id,
    period_grain,
    period_start,
    flow_item_type,
    cast(sum(committed_n) as bigint) as committed_n,
    sum(committed_items) as committed_items,
    sum(kept_items) as kept_items
from (
    select *
    from whole
    union all
    select *
    from shared
) as commitments
group by all
