with shares as (

    select
        sprint_items.sprint_key,
        sprint_items.item_key,
        sprint_items.is_committed,
        sprint_items.is_completed,
        types.flow_item_type,
        {{ local_date('sprint_items.closed_at', 'settings.time_zone') }} as closed_date,
        {{ local_date('sprint_items.started_at', 'settings.time_zone') }} as started_date,
        teams.team_id,
        teams.value_stream_id,
        teams.weight,
        teams.weight < 1 as is_shared
    from {{ ref('int_sprint_items') }} as sprint_items
    cross join {{ ref('int_settings') }} as settings
    inner join {{ ref('int_work_item_types') }} as types
        on
            sprint_items.item_key = types.item_key
            and sprint_items.started_at >= types.valid_from
            and sprint_items.started_at < types.valid_to
            and types.item_level = 'flow_item'
    inner join {{ ref('int_work_profile_teams') }} as teams
        on
            types.profile_key = teams.profile_key
            and sprint_items.started_at >= teams.valid_from
            and sprint_items.started_at < teams.valid_to
    where sprint_items.is_committed and sprint_items.closed_at is not null and types.flow_item_type is not null

),

scoped as (

    {{ scope_rows(
        'shares', 'closed_date', ['flow_item_type', 'sprint_key', 'item_key', 'is_completed', 'is_shared'], ['weight'],
        streams_on='started_date'
    ) }}

),

whole as (

    select
        scope_type,
        {{ grouped_period() }},
        flow_item_type,
        count(*) as committed_n,
        sum(weight) as committed_items,
        sum(weight) filter (where is_completed) as kept_items
    from scoped
    where not is_shared
    group by {{ period_grouping_sets(['scope_type'], 'flow_item_type') }}
    having {{ has_grouped_period() }}

),

-- an item of several teams is one commitment of what they have in common; few are, and only those are told apart
shared as (

    select
        scope_type,
        {{ grouped_period() }},
        flow_item_type,
        count(distinct sprint_key || '/' || item_key) as committed_n,
        sum(weight) as committed_items,
        sum(weight) filter (where is_completed) as kept_items
    from scoped
    where is_shared
    group by {{ period_grouping_sets(['scope_type'], 'flow_item_type') }}
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
    coalesce(sum(kept_items), 0) as kept_items
from (
    select *
    from whole
    union all
    select *
    from shared
) as commitments
group by all
