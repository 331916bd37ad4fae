-- what an objective or a key result is on a day: what stands in its issue at the end of the day
with goals as (

    select distinct item_key
    from {{ ref('int_work_item_types') }}
    where item_level in ('objective', 'key_result')

),

levels as (

    select
        types.item_key,
        'level' as field,
        types.item_level as value_text,
        types.valid_from,
        types.valid_to
    from {{ ref('int_work_item_types') }} as types
    inner join goals on types.item_key = goals.item_key
    where types.item_level is not null

),

parents as (

    select
        epics.item_key,
        'parent' as field,
        coalesce(by_id.item_key, by_key.item_key) as value_text,
        epics.valid_from,
        epics.valid_to
    from {{ ref('int_work_item_values') }} as epics
    inner join goals on epics.item_key = goals.item_key
    left join {{ ref('stg_jira__issues') }} as by_id
        on split_part(epics.item_key, ':', 1) || ':' || epics.value = by_id.item_key
    left join {{ ref('stg_jira__issues') }} as by_key
        on
            by_id.item_key is null
            and split_part(epics.item_key, ':', 1) = by_key.connection
            and epics.value_text = by_key.issue_key
    where epics.field = 'epic'

),

-- the heaviest team of the rule that names it; of a rule without a team its value stream; else it is the company's
main_teams as (

    select
        profile_key,
        case
            when team_id != 'unassigned' then 'team:' || team_id
            when value_stream_id is not null then 'value_stream:' || value_stream_id
            else 'organization:organization'
        end as owner,
        valid_from,
        valid_to
    from {{ ref('int_work_profile_teams') }}
    qualify row_number() over (
        partition by profile_key, valid_from
        order by weight desc, team_id asc, value_stream_id asc
    ) = 1

),

owners as (

    select
        profiles.item_key,
        'owner' as field,
        main_teams.owner as value_text,
        greatest(profiles.valid_from, main_teams.valid_from) as valid_from,
        least(profiles.valid_to, main_teams.valid_to) as valid_to
    from {{ ref('int_work_item_profiles') }} as profiles
    inner join goals on profiles.item_key = goals.item_key
    inner join main_teams
        on
            profiles.profile_key = main_teams.profile_key
            and profiles.valid_from < main_teams.valid_to
            and profiles.valid_to > main_teams.valid_from

),

stays as (

    select * from levels
    union all
    select * from parents
    union all
    select * from owners

),

facts as (

    select
        stays.item_key,
        stays.field,
        stays.value_text,
        {{ edge_to_date('stays.valid_from', 'settings.time_zone') }} as first_date,
        {{ edge_to_date('stays.valid_to', 'settings.time_zone') }} as end_date
    from stays
    cross join {{ ref('int_settings') }} as settings
    union all
    select
        item_key,
        field,
        value_text,
        first_date,
        end_date
    from {{ ref('int_goal_field_versions') }}
    where field in ('key_result_baseline', 'key_result_target', 'key_result_start', 'key_result_end')

),

edges as (

    select
        item_key,
        {{ explode('[first_date, end_date]') }} as edge
    from facts
    where first_date < end_date
    union
    select
        item_key,
        date '0001-01-01' as edge
    from goals

),

segments as (

    select
        item_key,
        edge as first_date,
        lead(edge, 1, date '9999-12-31') over (partition by item_key order by edge) as end_date
    from edges

),

described as (

    select
        segments.item_key,
        segments.first_date,
        segments.end_date,
        max(facts.value_text) filter (where facts.field = 'level') as item_level,
        max(facts.value_text) filter (where facts.field = 'parent') as parent_item_key,
        max(facts.value_text) filter (where facts.field = 'owner') as owner,
        max(facts.value_text) filter (where facts.field = 'key_result_baseline') as baseline_text,
        max(facts.value_text) filter (where facts.field = 'key_result_target') as target_text,
        max(facts.value_text) filter (where facts.field = 'key_result_start') as start_text,
        max(facts.value_text) filter (where facts.field = 'key_result_end') as end_text
    from segments
    inner join facts
        on
            segments.item_key = facts.item_key
            and segments.first_date >= facts.first_date
            and segments.first_date < facts.end_date
    where segments.first_date < segments.end_date
    group by segments.item_key, segments.first_date, segments.end_date

)

select
    described.item_key,
    items.connection,
    items.item_number as issue_key,
    described.item_level,
    described.parent_item_key,
    split_part(described.owner, ':', 1) as scope_type,
    split_part(described.owner, ':', 2) as scope_id,
    described.baseline_text,
    described.target_text,
    described.start_text,
    described.end_text,
    {{ stated_number('described.baseline_text') }} as baseline,
    {{ stated_number('described.target_text') }} as target,
    case
        when described.start_text is null then {{ local_date('items.created_at', 'settings.time_zone') }}
        else {{ stated_date('described.start_text') }}
    end as starts_on,
    {{ stated_date('described.end_text') }} as ends_on,
    {{ local_date('items.created_at', 'settings.time_zone') }} as created_on,
    -- a cancelled or deleted one is none from that day on
    {{ local_date('least(facts.cancelled_at, items.deleted_at)', 'settings.time_zone') }} as gone_on,
    described.first_date,
    described.end_date
from described
cross join {{ ref('int_settings') }} as settings
inner join {{ ref('int_work_items') }} as items on described.item_key = items.item_key
left join {{ ref('int_work_item_facts') }} as facts on described.item_key = facts.item_key
where described.item_level in ('objective', 'key_result')
