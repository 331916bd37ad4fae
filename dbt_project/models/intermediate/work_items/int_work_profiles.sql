-- the type by its name of today where the tracker still lists it, else by the name it had in the item's own history
select
    profiles.profile_key,
    any_value(profiles.workflow_key) as workflow_key,
    any_value(profiles.connection) as connection,
    any_value(profiles.project_key) as project_key,
    any_value(profiles.issue_type_id) as issue_type_id,
    any_value(coalesce(issue_types.issue_type_name, profiles.issue_type_name)) as issue_type_name,
    any_value(profiles.conditions) as conditions
from {{ ref('int_work_item_profiles') }} as profiles
left join {{ ref('stg_jira__issue_types') }} as issue_types
    on
        profiles.connection = issue_types.connection
        and profiles.issue_type_id = issue_types.issue_type_id
group by profiles.profile_key
