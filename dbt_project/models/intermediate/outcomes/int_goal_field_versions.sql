with {{ field_versions('key_result', {
    'key_result_baseline': option_text('issues.key_result_baseline'),
    'key_result_target': option_text('issues.key_result_target'),
    'key_result_value': option_text('issues.key_result_value'),
    'key_result_confidence': option_text('issues.key_result_confidence'),
    'key_result_start': option_text('issues.key_result_start'),
    'key_result_end': option_text('issues.key_result_end'),
}, dates=['key_result_start', 'key_result_end']) }},

dated as (

    select
        item_key,
        field,
        version_ordinal,
        nullif(trim(value_text), '') as value_text,
        valid_from,
        lead(valid_from, 1, {{ forever() }}) over (partition by item_key, field order by version_ordinal) as valid_to
    from tracker_versions

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
