with parsed as (

    {{ github_alerts(source('github', 'secret_scanning_alerts'), '
        "resolved_at": "TIMESTAMP",
        "resolution": "VARCHAR",
        "secret_type": "VARCHAR",
        "validity": "VARCHAR",
        "publicly_leaked": "BOOLEAN",
        "push_protection_bypassed": "BOOLEAN"
    ') }}

)

select
    {{ github_alert_columns() }},
    node.resolution,
    node.secret_type,
    node.validity,
    coalesce(node.publicly_leaked, false) as is_publicly_leaked,
    coalesce(node.push_protection_bypassed, false) as is_push_protection_bypassed,
    node.resolved_at
from parsed
