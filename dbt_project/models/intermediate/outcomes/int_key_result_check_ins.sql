with tracked as (

    select
        known.key_result_id,
        greatest(field_versions.first_date, items.created_on) as checked_on,
        field_versions.value_number as value,
        field_versions.item_key
    from {{ ref('int_goal_field_versions') }} as field_versions
    inner join {{ ref('int_known_key_results') }} as known on field_versions.item_key = known.item_key
    inner join (
        select distinct
            item_key,
            issue_key,
            created_on
        from {{ ref('int_goal_versions') }}
    ) as items
        on
            field_versions.item_key = items.item_key
            and known.key_result = lower(items.issue_key)
    where
        field_versions.field = 'key_result_value'
        and field_versions.value_number is not null
        and field_versions.end_date > items.created_on

)

select
    key_result_id,
    checked_on,
    value,
    confidence
from {{ ref('stg_organization__key_result_check_ins') }}
union all
select
    tracked.key_result_id,
    tracked.checked_on,
    tracked.value,
    case when confidences.value_number > 0 and confidences.value_number <= 1 then confidences.value_number end
        as confidence
from tracked
left join {{ ref('int_goal_field_versions') }} as confidences
    on
        tracked.item_key = confidences.item_key
        and confidences.field = 'key_result_confidence'
        and tracked.checked_on >= confidences.first_date
        and tracked.checked_on < confidences.end_date
