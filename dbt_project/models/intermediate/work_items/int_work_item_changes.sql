{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

-- depends_on: {{ ref('int_work_item_refreshes') }}
with changelog_items as (

    select
        items.item_key,
        items.changed_at,
        items.history_number,
        items.history_id,
        items.item_position,
        case when items.field = 'key' then items.from_text else items.from_value end as from_value,
        case when items.field = 'key' then items.to_text else items.to_value end as to_value,
        case when items.field = 'key' then split_part(items.from_text, '-', 1) else items.from_text end
            as from_text,
        case when items.field = 'key' then split_part(items.to_text, '-', 1) else items.to_text end
            as to_text,
        case
            when items.field = 'key' then 'project'
            when items.field = 'issuetype' then 'issue_type'
            when items.field = 'labels' then 'label'
            when items.field in ('components', 'component') then 'component'
            when items.field = 'summary' then 'title'
            when items.field = 'priority' then 'priority'
            when items.field in ('parent', 'issueparentassociation', 'epic link') then 'epic'
            when roles.role in ('epic_link', 'parent') then 'epic'
            when items.field in ('issuelinks', 'link') then 'link'
            when
                roles.role in (
                    'team', 'anticipated_outcome', 'flagged', 'sprint', 'story_points', 'cost_of_delay', 'severity',
                    'found_in', 'actual_outcome', 'outcome_verdict', 'outcome_type', 'key_result',
                    'key_result_baseline', 'key_result_target', 'key_result_value', 'key_result_confidence',
                    'key_result_start', 'key_result_end'
                )
                then roles.role
        end as field
    from {{ ref('stg_jira__changelog_items') }} as items
    left join {{ ref('stg_jira__field_roles') }} as roles
        on
            split_part(items.item_key, ':', 1) = roles.connection
            and items.field = lower(roles.field_id)
            and roles.role in (
                'team', 'epic_link', 'parent', 'anticipated_outcome', 'flagged', 'sprint', 'story_points',
                'cost_of_delay', 'severity', 'found_in', 'actual_outcome', 'outcome_verdict', 'outcome_type',
                'key_result', 'key_result_baseline', 'key_result_target', 'key_result_value', 'key_result_confidence',
                'key_result_start', 'key_result_end'
            )
    where items.field != 'status' and {{ of_affected_items('items.item_key') }}

)

select
    changelog_items.item_key,
    changelog_items.field,
    row_number() over (
        partition by changelog_items.item_key, changelog_items.field
        order by
            changelog_items.changed_at,
            changelog_items.history_number,
            changelog_items.history_id,
            changelog_items.item_position
    ) as change_ordinal,
    changelog_items.changed_at,
    changelog_items.from_value,
    changelog_items.from_text,
    changelog_items.to_value,
    changelog_items.to_text,
    changelog_items.changed_at <= settings.as_of as is_visible
from changelog_items
cross join {{ ref('int_settings') }} as settings
where changelog_items.field is not null
