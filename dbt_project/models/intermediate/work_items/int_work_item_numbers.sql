{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ delete_affected_items() }}"
) }}

with changes as (

    select
        item_key,
        field,
        change_ordinal,
        changed_at,
        coalesce(from_text, from_value) as from_number,
        coalesce(to_text, to_value) as to_number,
        is_visible
    from {{ ref('int_work_item_changes') }}
    where field in ('story_points', 'cost_of_delay') and {{ of_affected_items('item_key') }}

),

current_numbers as (

    select
        issues.item_key,
        'story_points' as field,
        issues.story_points as number
    from {{ ref('stg_jira__issues') }} as issues
    cross join {{ ref('int_settings') }} as settings
    where
        issues.story_points is not null
        and issues.created_at <= settings.as_of
        and {{ of_affected_items('issues.item_key') }}
    union all
    select
        issues.item_key,
        'cost_of_delay' as field,
        issues.cost_of_delay as number
    from {{ ref('stg_jira__issues') }} as issues
    cross join {{ ref('int_settings') }} as settings
    where
        issues.cost_of_delay is not null
        and issues.created_at <= settings.as_of
        and {{ of_affected_items('issues.item_key') }}

),

versions as (

    select
        item_key,
        field,
        change_ordinal,
        changed_at as valid_from,
        try_cast(to_number as double) as number
    from changes
    where is_visible
    union all
    select
        item_key,
        field,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        try_cast(from_number as double) as number
    from changes
    where change_ordinal = 1
    union all
    select
        current_numbers.item_key,
        current_numbers.field,
        0 as change_ordinal,
        {{ beginning() }} as valid_from,
        current_numbers.number
    from current_numbers
    left join changes
        on
            current_numbers.item_key = changes.item_key
            and current_numbers.field = changes.field
    where changes.item_key is null

),

dated as (

    select
        item_key,
        field,
        number,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (partition by item_key, field order by change_ordinal) as valid_to
    from versions

)

select
    item_key,
    field,
    number,
    valid_from,
    valid_to
from dated
where number is not null and valid_from < valid_to
