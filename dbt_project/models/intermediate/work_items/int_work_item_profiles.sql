{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with rule_values as (

    select
        field,
        lower(value) as value
    from {{ ref('stg_organization__work_rules') }}
    where field in ('component', 'label', 'team', 'epic', 'board')
    union
    select
        condition_field as field,
        lower(condition_value) as value
    from {{ ref('stg_organization__type_mappings') }}
    where condition_field is not null
    union
    select
        condition_field as field,
        lower(condition_value) as value
    from {{ ref('stg_organization__work_categories') }}
    where condition_field is not null
    union
    select
        field,
        lower(value) as value
    from {{ ref('stg_organization__unplanned_rules') }}
    where field in ('component', 'label', 'priority')
    union
    select
        condition_field as field,
        lower(condition_value) as value
    from {{ ref('stg_organization__defect_rules') }}
    where condition_field is not null

),

single_values as (

    select
        item_key,
        field,
        lower(value) as value,
        valid_from,
        valid_to
    from {{ ref('int_work_item_values') }}
    where field in ('component', 'team', 'epic') and value is not null and {{ of_affected_items('item_key') }}
    union
    select
        item_key,
        field,
        lower(value_text) as value,
        valid_from,
        valid_to
    from {{ ref('int_work_item_values') }}
    where
        field in ('component', 'team', 'epic', 'priority', 'severity', 'found_in')
        and value_text is not null
        and {{ of_affected_items('item_key') }}
    union
    select
        item_key,
        field,
        {{ explode("string_split(lower(value_text), ' ')") }} as value,
        valid_from,
        valid_to
    from {{ ref('int_work_item_values') }}
    where field = 'label' and {{ of_affected_items('item_key') }}
    union
    -- an item is on a board while it is in a sprint of the board
    select
        memberships.item_key,
        'board' as field,
        {{ explode('[lower(boards.board_id), lower(boards.board_name)]') }} as value,
        memberships.valid_from,
        memberships.valid_to
    from {{ ref('int_work_item_sprints') }} as memberships
    inner join {{ ref('stg_jira__sprints') }} as sprints on memberships.sprint_key = sprints.sprint_key
    inner join {{ ref('stg_jira__boards') }} as boards
        on
            sprints.connection = boards.connection
            and sprints.board_id = boards.board_id
    where
        exists (
            select 1
            from rule_values
            where rule_values.field = 'board'
        )
        and {{ of_affected_items('memberships.item_key') }}

),

matched_values as (

    select
        single_values.item_key,
        single_values.field || '=' || single_values.value as condition,
        single_values.valid_from,
        single_values.valid_to
    from single_values
    inner join rule_values
        on
            single_values.field = rule_values.field
            and single_values.value = rule_values.value

),

identities as (

    select
        item_key,
        field,
        value,
        value_text,
        valid_from,
        valid_to
    from {{ ref('int_work_item_values') }}
    where field in ('project', 'issue_type') and {{ of_affected_items('item_key') }}

),

changing as (

    select item_key
    from identities
    where valid_to < {{ forever() }}
    union
    select item_key
    from matched_values
    where valid_from > {{ beginning() }} or valid_to < {{ forever() }}

),

edges as (

    select
        item_key,
        valid_from as edge
    from identities
    union
    select
        item_key,
        {{ beginning() }} as edge
    from identities
    union
    select
        matched_values.item_key,
        matched_values.valid_from as edge
    from matched_values
    inner join changing on matched_values.item_key = changing.item_key
    union
    select
        matched_values.item_key,
        matched_values.valid_to as edge
    from matched_values
    inner join changing on matched_values.item_key = changing.item_key
    where matched_values.valid_to < {{ forever() }}

),

pieces as (

    select
        item_key,
        edge as valid_from,
        lead(edge, 1, {{ forever() }}) over (partition by item_key order by edge) as valid_to
    from edges

),

piece_conditions as (

    select
        pieces.item_key,
        pieces.valid_from,
        string_agg(matched_values.condition, chr(10) order by matched_values.condition) as conditions
    from pieces
    inner join matched_values
        on
            pieces.item_key = matched_values.item_key
            and pieces.valid_from >= matched_values.valid_from
            and pieces.valid_from < matched_values.valid_to
    group by all

),

described as (

    select
        pieces.item_key,
        split_part(pieces.item_key, ':', 1) as connection,
        projects.value_text as project_key,
        issue_types.value as issue_type_id,
        issue_types.value_text as issue_type_name,
        coalesce(piece_conditions.conditions, '') as conditions,
        pieces.valid_from,
        pieces.valid_to
    from pieces
    left join identities as projects
        on
            pieces.item_key = projects.item_key
            and projects.field = 'project'
            and pieces.valid_from >= projects.valid_from
            and pieces.valid_from < projects.valid_to
    left join identities as issue_types
        on
            pieces.item_key = issue_types.item_key
            and issue_types.field = 'issue_type'
            and pieces.valid_from >= issue_types.valid_from
            and pieces.valid_from < issue_types.valid_to
    left join piece_conditions
        on
            pieces.item_key = piece_conditions.item_key
            and pieces.valid_from = piece_conditions.valid_from

)

select
    item_key,
    md5(
        concat_ws(
            chr(9), connection, coalesce(project_key, ''), coalesce(issue_type_id, ''), coalesce(issue_type_name, ''),
            conditions
        )
    ) as profile_key,
    md5(
        concat_ws(
            chr(9), connection, coalesce(project_key, ''), coalesce(issue_type_id, ''), coalesce(issue_type_name, '')
        )
    ) as workflow_key,
    connection,
    project_key,
    issue_type_id,
    issue_type_name,
    conditions,
    valid_from,
    valid_to
from described
