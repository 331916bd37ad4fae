with issues as (

    select
        issues.item_key,
        issues.connection,
        issues.issue_id,
        issues.issue_key,
        issues.title,
        issues.created_at,
        issues.story_points,
        issues.anticipated_outcome,
        issues.actual_outcome,
        issues.key_result,
        issues.cost_of_delay,
        settings.as_of,
        settings.publish_titles
    from {{ ref('stg_jira__issues') }} as issues
    cross join {{ ref('int_settings') }} as settings
    where issues.created_at <= settings.as_of

),

profiles as (

    select
        item_profiles.item_key,
        item_profiles.profile_key,
        item_profiles.project_key,
        item_profiles.issue_type_id,
        item_profiles.issue_type_name
    from {{ ref('int_work_item_profiles') }} as item_profiles
    where item_profiles.valid_to = {{ forever() }}

),

types as (

    select
        profile_types.profile_key,
        profile_types.flow_item_type,
        profile_types.item_level
    from {{ ref('int_work_profile_types') }} as profile_types
    cross join {{ ref('int_settings') }} as settings
    where settings.as_of >= profile_types.valid_from and settings.as_of < profile_types.valid_to

),

parents as (

    select
        item_key,
        value as parent_issue_id,
        value_text as parent_issue_key
    from {{ ref('int_work_item_values') }}
    where field = 'epic' and valid_to = {{ forever() }}

)

select
    issues.item_key,
    issues.connection,
    issues.issue_id as item_id,
    issues.issue_key as item_number,
    profiles.project_key,
    profiles.issue_type_id,
    profiles.issue_type_name as issue_type,
    profiles.profile_key,
    types.flow_item_type,
    types.item_level,
    issues.connection || ':' || parents.parent_issue_id as parent_item_key,
    parents.parent_issue_key as parent_item_number,
    states.status_id,
    states.flow_state,
    connections.base_url || '/browse/' || issues.issue_key as source_url,
    issues.title,
    issues.key_result as key_result_id,
    issues.story_points,
    issues.cost_of_delay,
    coalesce(availabilities.availability, 'available') as availability,
    coalesce(availabilities.availability = 'deleted', false) as is_deleted,
    case when availabilities.availability = 'deleted' then availabilities.changed_at end as deleted_at,
    issues.created_at
from issues
left join {{ ref('int_connections') }} as connections on issues.connection = connections.connection
left join profiles on issues.item_key = profiles.item_key
left join types on profiles.profile_key = types.profile_key
left join parents on issues.item_key = parents.item_key
left join {{ ref('int_work_item_state_intervals') }} as states
    on issues.item_key = states.item_key
    and states.valid_to = {{ forever() }}
left join {{ ref('stg_jira__issue_availabilities') }} as availabilities
    on issues.item_key = availabilities.connection || ':' || availabilities.issue_id
    and availabilities.changed_at <= issues.as_of
