{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with items as (

    select
        issues.item_key,
        issues.connection,
        issues.issue_key,
        issues.project_key,
        issues.issue_type_id,
        issues.issue_type_name,
        issues.parent_issue_id,
        issues.parent_issue_key,
        issues.epic_link,
        issues.team_value,
        issues.title,
        issues.priority_name,
        issues.severity_value,
        issues.found_in_value,
        issues.labels,
        issues.component_ids,
        issues.component_names
    from {{ ref('stg_jira__issues') }} as issues
    cross join {{ ref('int_settings') }} as settings
    where issues.created_at <= settings.as_of and {{ of_affected_items('issues.item_key') }}

),

current_values as (

    select
        item_key,
        'project' as field,
        issue_key as value,
        project_key as value_text
    from items
    union all
    select
        item_key,
        'issue_type' as field,
        issue_type_id as value,
        issue_type_name as value_text
    from items
    union all
    select
        item_key,
        'epic' as field,
        parent_issue_id as value,
        coalesce(parent_issue_key, epic_link) as value_text
    from items
    union all
    select
        item_key,
        'team' as field,
        coalesce({{ json_text("case when left(team_value, 1) = '{' then team_value end", 'id') }}, team_value) as value,
        coalesce(
            {{ json_text("case when left(team_value, 1) = '{' then team_value end", 'name') }},
            {{ json_text("case when left(team_value, 1) = '{' then team_value end", 'value') }},
            {{ json_text("case when left(team_value, 1) = '{' then team_value end", 'title') }}
        ) as value_text
    from items
    union all
    select
        item_key,
        'title' as field,
        cast(null as {{ text_type() }}) as value,
        title as value_text
    from items
    union all
    select
        item_key,
        'priority' as field,
        cast(null as {{ text_type() }}) as value,
        priority_name as value_text
    from items
    where
        exists (
            select 1
            from {{ ref('stg_organization__unplanned_rules') }} as rules
            where rules.field = 'priority'
        )
        or exists (
            select 1
            from {{ ref('stg_organization__defect_rules') }}
        )
    {%- for field in ['severity', 'found_in'] %}
        union all
        select
            item_key,
            '{{ field }}' as field,
            {{ json_text("case when left(" ~ field ~ "_value, 1) = '{' then " ~ field ~ "_value end", 'id') }} as value,
            coalesce(
                {{ json_text("case when left(" ~ field ~ "_value, 1) = '{' then " ~ field ~ "_value end", 'value') }},
                {{ json_text("case when left(" ~ field ~ "_value, 1) = '{' then " ~ field ~ "_value end", 'name') }},
                case when left({{ field }}_value, 1) != '{' then {{ field }}_value end
            ) as value_text
        from items
        where
            exists (
                select 1
                from {{ ref('stg_organization__defect_rules') }}
            )
    {%- endfor %}
    union all
    select
        item_key,
        'label' as field,
        cast(null as {{ text_type() }}) as value,
        array_to_string(labels, ' ') as value_text
    from items

),

first_changes as (

    select
        item_key,
        field,
        from_value,
        from_text
    from {{ ref('int_work_item_changes') }}
    where change_ordinal = 1

),

unchanged as (

    select
        current_values.item_key,
        current_values.field,
        current_values.value,
        current_values.value_text,
        {{ beginning() }} as valid_from,
        {{ forever() }} as valid_to
    from current_values
    left join first_changes
        on
            current_values.item_key = first_changes.item_key
            and current_values.field = first_changes.field
    where first_changes.item_key is null

),

versions as (

    select
        first_changes.item_key,
        first_changes.field,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        first_changes.from_value as value,
        first_changes.from_text as value_text
    from first_changes
    inner join items on first_changes.item_key = items.item_key
    where
        first_changes.field in (
            'project', 'issue_type', 'epic', 'team', 'title', 'label', 'priority', 'severity', 'found_in'
        )
    union all
    select
        changes.item_key,
        changes.field,
        changes.change_ordinal,
        changes.changed_at as valid_from,
        changes.to_value as value,
        changes.to_text as value_text
    from {{ ref('int_work_item_changes') }} as changes
    inner join items on changes.item_key = items.item_key
    where
        changes.is_visible
        and changes.field in (
            'project', 'issue_type', 'epic', 'team', 'title', 'label', 'priority', 'severity', 'found_in'
        )

),

changed as (

    select
        item_key,
        field,
        value,
        value_text,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (
            partition by item_key, field
            order by change_ordinal
        ) as valid_to
    from versions

),

component_events as (

    select
        changes.item_key,
        coalesce(changes.to_value, changes.from_value) as component_id,
        coalesce(changes.to_text, changes.from_text) as component_name,
        changes.change_ordinal,
        changes.changed_at,
        changes.is_visible,
        changes.to_value is not null as is_added
    from {{ ref('int_work_item_changes') }} as changes
    inner join items on changes.item_key = items.item_key
    where changes.field = 'component'

),

current_components as (

    select
        item_key,
        {{ explode('component_ids') }} as component_id,
        {{ explode('component_names') }} as component_name
    from items

),

component_versions as (

    select
        current_components.item_key,
        current_components.component_id,
        current_components.component_name,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        true as is_in
    from current_components
    left join component_events
        on
            current_components.item_key = component_events.item_key
            and current_components.component_id = component_events.component_id
    where component_events.item_key is null
    union all
    select
        item_key,
        component_id,
        component_name,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        not is_added as is_in
    from component_events
    qualify row_number() over (partition by item_key, component_id order by change_ordinal) = 1
    union all
    select
        item_key,
        component_id,
        component_name,
        change_ordinal,
        changed_at as valid_from,
        is_added as is_in
    from component_events
    where is_visible

),

dated_components as (

    select
        item_key,
        'component' as field,
        component_id as value,
        component_name as value_text,
        is_in,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (
            partition by item_key, component_id
            order by change_ordinal
        ) as valid_to
    from component_versions

)

select
    item_key,
    field,
    nullif(value, '') as value,
    nullif(value_text, '') as value_text,
    valid_from,
    valid_to
from (
    select * from unchanged
    union all
    select * from changed
) as dated
where valid_from < valid_to and (nullif(value, '') is not null or nullif(value_text, '') is not null)
union all
select
    item_key,
    field,
    value,
    value_text,
    valid_from,
    valid_to
from dated_components
where valid_from < valid_to and is_in
