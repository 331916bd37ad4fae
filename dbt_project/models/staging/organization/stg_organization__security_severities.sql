select
    {{ organization_text('payload', 'severity') }} as severity,
    string_split(
        regexp_replace(lower({{ organization_text('payload', 'tracker_words') }}), ' *; *', ';', 'g'), ';'
    ) as tracker_words,
    cast({{ organization_text('payload', 'sla_days') }} as integer) as sla_days,
    {{ organization_text('payload', 'is_counted') }} = 'yes' as is_counted,
    {{ valid_range('payload') }}
from {{ source('organization', 'security_severities') }}
