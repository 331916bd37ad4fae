{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='item_key',
    on_schema_change='fail',
    pre_hook="{{ delete_vanished(source('jira', 'issues'), 'item_key') }}"
) }}

{%- set paths = {
    'issue_key': 'key',
    'title': 'fields.summary',
    'project_key': 'fields.project.key',
    'issue_type_id': 'fields.issuetype.id',
    'issue_type_name': 'fields.issuetype.name',
    'status_id': 'fields.status.id',
    'status_name': 'fields.status.name',
    'resolution_name': 'fields.resolution.name',
    'priority_name': 'fields.priority.name',
    'parent_issue_id': 'fields.parent.id',
    'parent_issue_key': 'fields.parent.key',
    'labels_json': 'fields.labels',
    'components_json': 'fields.components',
    'links_json': 'fields.issuelinks',
    'created': 'fields.created',
} %}
{%- set roles = [
    'story_points', 'sprint', 'epic_link', 'flagged', 'team', 'anticipated_outcome', 'actual_outcome', 'key_result',
    'cost_of_delay', 'severity', 'found_in', 'outcome_verdict', 'outcome_type', 'key_result_baseline', 'key_result_target',
    'key_result_value', 'key_result_confidence', 'key_result_start', 'key_result_end',
] %}
{%- set role_fields = jira_role_fields() %}
{%- set all_paths = paths.values() | list %}
{%- for field_id in jira_field_ids(role_fields) %}
{%- do all_paths.append('fields.' ~ field_id) %}
{%- endfor %}

with role_versions as (

    select
        connection,
        string_agg(role || '=' || field_id, ',' order by role) as field_roles
    from {{ ref('stg_jira__field_roles') }}
    group by all

),

changed as (

    select
        issues.connection,
        issues.id as issue_id,
        issues.updated_at,
        issues.fetched_at,
        issues.load_id,
        coalesce(role_versions.field_roles, '') as field_roles,
        {{ json_text_list('issues.payload', all_paths) }} as parts
    from {{ source('jira', 'issues') }} as issues
    left join role_versions on issues.connection = role_versions.connection
    {%- if is_incremental() %}
        where {{ row_address('issues') }} in (
            select {{ row_address('loaded') }}
            from {{ source('jira', 'issues') }} as loaded
            left join role_versions as roles on loaded.connection = roles.connection
            where
                {{ row_hash([
                    "loaded.connection || ':' || loaded.id", 'loaded.load_id', "coalesce(roles.field_roles, '')",
                ]) }} not in (
                    select {{ row_hash(['built.item_key', 'built.load_id', 'built.field_roles']) }}
                    from {{ this }} as built
                )
        )
    {%- endif %}

),

named as (

    select
        connection,
        issue_id,
        {%- for name in paths %}
            parts[{{ loop.index }}] as {{ name }},
        {%- endfor %}
        {%- for role in roles %}
            {{ jira_role_value(role, role_fields, 'parts', paths | length) }} as {{ role }}_text,
        {%- endfor %}
        updated_at,
        fetched_at,
        load_id,
        field_roles
    from changed

)

select
    connection || ':' || issue_id as item_key,
    connection,
    issue_id,
    issue_key,
    project_key,
    issue_type_id,
    issue_type_name,
    status_id,
    status_name,
    resolution_name,
    priority_name,
    parent_issue_id,
    parent_issue_key,
    title,
    epic_link_text as epic_link,
    team_text as team_value,
    sprint_text as sprint_json,
    links_json,
    anticipated_outcome_text as anticipated_outcome,
    actual_outcome_text as actual_outcome,
    key_result_text as key_result,
    severity_text as severity_value,
    found_in_text as found_in_value,
    outcome_verdict_text as outcome_verdict_value,
    outcome_type_text as outcome_type_value,
    key_result_baseline_text as key_result_baseline,
    key_result_target_text as key_result_target,
    key_result_value_text as key_result_value,
    key_result_confidence_text as key_result_confidence,
    key_result_start_text as key_result_start,
    key_result_end_text as key_result_end,
    field_roles,
    coalesce({{ json_list('labels_json') }}, []) as labels,
    coalesce({{ json_strings('components_json', 'id') }}, []) as component_ids,
    coalesce({{ json_strings('components_json', 'name') }}, []) as component_names,
    try_cast(story_points_text as double) as story_points,
    try_cast(cost_of_delay_text as double) as cost_of_delay,
    coalesce(flagged_text not in ('', '[]', 'false', 'null'), false) as is_flagged,
    {{ parse_utc('created') }} as created_at,
    updated_at,
    fetched_at,
    load_id
from named
