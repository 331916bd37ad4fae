with {{ field_versions('initiative', {
    'anticipated_outcome': 'issues.anticipated_outcome',
    'actual_outcome': 'issues.actual_outcome',
    'outcome_verdict': option_text('issues.outcome_verdict_value'),
    'outcome_type': option_text('issues.outcome_type_value'),
    'key_result': option_text('issues.key_result'),
}) }},

versions as (

    select
        item_key,
        field,
        version_ordinal,
        valid_from,
        value_text
    from tracker_versions
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
