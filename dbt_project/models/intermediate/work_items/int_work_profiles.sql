select
    profile_key,
    any_value(workflow_key) as workflow_key,
    any_value(connection) as connection,
    any_value(project_key) as project_key,
    any_value(issue_type_id) as issue_type_id,
    min(issue_type_name) as issue_type_name,
    any_value(conditions) as conditions
from {{ ref('int_work_item_profiles') }}
group by profile_key
