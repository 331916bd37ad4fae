{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with issues as (

    select
        issues.item_key,
        issues.connection,
        issues.issue_id,
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
    where issues.created_at <= settings.as_of and {{ of_affected_items('issues.item_key') }}

),

identities as (

    select
        types.item_key,
        types.profile_key,
        types.flow_item_type,
        types.item_level,
        profiles.project_key,
        profiles.issue_type_id,
        profiles.issue_type_name
    from {{ ref('int_work_item_types') }} as types
    inner join {{ ref('int_work_profiles') }} as profiles on types.profile_key = profiles.profile_key
    where types.valid_to = {{ forever() }} and {{ of_affected_items('types.item_key') }}

),

keys as (

    select
        item_key,
        value as item_number
    from {{ ref('int_work_item_values') }}
    where field = 'project' and valid_to = {{ forever() }} and {{ of_affected_items('item_key') }}

),

parents as (

    select
        item_key,
        value as parent_issue_id,
        value_text as parent_issue_key
    from {{ ref('int_work_item_values') }}
    where field = 'epic' and valid_to = {{ forever() }} and {{ of_affected_items('item_key') }}

)

select
    issues.item_key,
    issues.connection,
    issues.issue_id as item_id,
    keys.item_number,
    identities.project_key,
    identities.issue_type_id,
    identities.issue_type_name as issue_type,
    identities.profile_key,
    identities.flow_item_type,
    identities.item_level,
    issues.connection || ':' || parents.parent_issue_id as parent_item_key,
    parents.parent_issue_key as parent_item_number,
    states.status_id,
    states.flow_state,
    connections.base_url || '/browse/' || keys.item_number as source_url,
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
left join identities on issues.item_key = identities.item_key
left join keys on issues.item_key = keys.item_key
left join parents on issues.item_key = parents.item_key
left join {{ ref('int_work_item_facts') }} as states
    on
        issues.item_key = states.item_key
        and states.ended_at = {{ forever() }}
left join {{ ref('stg_jira__issue_availabilities') }} as availabilities
    on
        issues.item_key = availabilities.connection || ':' || availabilities.issue_id
        and issues.as_of >= availabilities.changed_at
