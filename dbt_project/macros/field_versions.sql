{% macro field_versions(level, fields, dates=[]) -%}
{%- set is_date = "changes.field in ('" ~ dates | join("', '") ~ "')" -%}
items as (

    select distinct item_key
    from {{ ref('int_work_item_types') }}
    where item_level = '{{ level }}'

),

issues as (

    select
        issues.item_key,
        {%- for field, expression in fields.items() %}
            {{ expression }} as {{ field }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('stg_jira__issues') }} as issues
    inner join items on issues.item_key = items.item_key

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
        {%- for end in ['from', 'to'] %}
            {%- if dates %}
                case
                    when {{ is_date }} then coalesce(nullif(changes.{{ end }}_value, ''), changes.{{ end }}_text)
                    else changes.{{ end }}_text
                end as {{ end }}_text,
            {%- else %}
                changes.{{ end }}_text,
            {%- endif %}
        {%- endfor %}
        changes.is_visible
    from {{ ref('int_work_item_changes') }} as changes
    inner join items on changes.item_key = items.item_key
    where changes.field in ('{{ fields.keys() | join("', '") }}')

),

tracker_versions as (

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

)
{%- endmacro %}
