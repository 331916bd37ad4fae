{%- set fields = ['anticipated_outcome', 'actual_outcome', 'outcome_verdict', 'outcome_type', 'key_result'] %}

with initiatives as (

    select distinct item_key
    from {{ ref('int_work_item_types') }}
    where item_level = 'initiative'

),

issues as (

    select
        issues.item_key,
        issues.anticipated_outcome,
        issues.actual_outcome,
        {{ option_text('issues.outcome_verdict_value') }} as outcome_verdict,
        {{ option_text('issues.outcome_type_value') }} as outcome_type,
        {{ option_text('issues.key_result') }} as key_result
    from {{ ref('stg_jira__issues') }} as issues
    inner join initiatives on issues.item_key = initiatives.item_key

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

changes as (

    select
        changes.item_key,
        changes.field,
        changes.change_ordinal,
        changes.changed_at,
        changes.from_text,
        changes.to_text,
        changes.is_visible
    from {{ ref('int_work_item_changes') }} as changes
    inner join initiatives on changes.item_key = initiatives.item_key
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
    union all
    select
        item_key,
        field,
        version_ordinal,
        valid_from,
        value_text
    from {{ ref('int_filed_initiative_versions') }}

),

dated as (

    select
        item_key,
        field,
        version_ordinal,
        value_text,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (partition by item_key, field order by version_ordinal) as valid_to
    from versions

)

select
    item_key,
    field,
    version_ordinal,
    nullif(value_text, '') as value_text,
    valid_from,
    valid_to
from dated
where valid_from < valid_to
