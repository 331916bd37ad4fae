select
    {{ organization_text('payload', 'kind') }} as kind,
    {{ organization_text('payload', 'connection') }} as connection,
    {{ organization_text('payload', 'project') }} as project,
    {{ organization_text('payload', 'issue_type') }} as issue_type,
    {{ organization_text('payload', 'condition_field') }} as condition_field,
    {{ organization_text('payload', 'condition_value') }} as condition_value,
    {{ organization_text('payload', 'severity') }} as severity,
    concat_ws(
        '|',
        {%- for column in ['kind', 'connection', 'project', 'issue_type', 'condition_field', 'condition_value'] %}
            {{ organization_text('payload', column, blank="''") }},
        {%- endfor %}
        {{ organization_text('payload', 'valid_from', blank="''") }}
    ) as rule_key,
    {{ valid_range('payload') }}
from {{ source('organization', 'defect_rules') }}
