{%- set fields = [
    'key_result_baseline', 'key_result_target', 'key_result_value', 'key_result_confidence', 'key_result_start',
    'key_result_end',
] %}

with goals as (

    select distinct item_key
    from {{ ref('int_work_item_types') }}
    where item_level = 'key_result'

),

issues as (

    select
        issues.item_key,
        {{ option_text('issues.key_result_baseline') }} as key_result_baseline,
        {{ option_text('issues.key_result_target') }} as key_result_target,
        {{ option_text('issues.key_result_value') }} as key_result_value,
        {{ option_text('issues.key_result_confidence') }} as key_result_confidence,
        {{ option_text('issues.key_result_start') }} as key_result_start,
        {{ option_text('issues.key_result_end') }} as key_result_end
    from {{ ref('stg_jira__issues') }} as issues
    inner join goals on issues.item_key = goals.item_key

),

current_values as (

    {%- for field in fields %}
        {%- if not loop.first %}
            union all
        {%- endif %}
        select
            item_key,
            '{{ field }}' as field,
            {{ field }} as value_text
        from issues
    {%- endfor %}

),

-- a date is told by its value: its text is written as the site's language has it
changes as (

    select
        changes.item_key,
        changes.field,
        changes.change_ordinal,
        changes.changed_at,
        case
            when changes.field in ('key_result_start', 'key_result_end')
                then coalesce(nullif(changes.from_value, ''), changes.from_text)
            else changes.from_text
        end as from_text,
        case
            when changes.field in ('key_result_start', 'key_result_end')
                then coalesce(nullif(changes.to_value, ''), changes.to_text)
            else changes.to_text
        end as to_text,
        changes.is_visible
    from {{ ref('int_work_item_changes') }} as changes
    inner join goals on changes.item_key = goals.item_key
    where changes.field in ('{{ fields | join("', '") }}')

),

versions as (

    select
        current_values.item_key,
        current_values.field,
        0 as version_ordinal,
        {{ beginning() }} as valid_from,
        case when changes.item_key is null then current_values.value_text else changes.from_text end as value_text
    from current_values
    left join changes
        on
            current_values.item_key = changes.item_key
            and current_values.field = changes.field
            and changes.change_ordinal = 1
    union all
    select
        item_key,
        field,
        change_ordinal as version_ordinal,
        changed_at as valid_from,
        to_text as value_text
    from changes
    where is_visible

),

dated as (

    select
        item_key,
        field,
        version_ordinal,
        nullif(trim(value_text), '') as value_text,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (partition by item_key, field order by version_ordinal) as valid_to
    from versions

)

select
    dated.item_key,
    dated.field,
    dated.value_text,
    {{ stated_number('dated.value_text') }} as value_number,
    {{ edge_to_date('dated.valid_from', 'settings.time_zone') }} as first_date,
    {{ edge_to_date('dated.valid_to', 'settings.time_zone') }} as end_date
from dated
cross join {{ ref('int_settings') }} as settings
where
    {{ edge_to_date('dated.valid_from', 'settings.time_zone') }}
    < {{ edge_to_date('dated.valid_to', 'settings.time_zone') }}
