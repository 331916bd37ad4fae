with parsed as (

    {{ github_alerts(source('github', 'dependabot_alerts'), '
        "fixed_at": "TIMESTAMP",
        "dismissed_at": "TIMESTAMP",
        "auto_dismissed_at": "TIMESTAMP",
        "dismissed_reason": "VARCHAR",
        "package": {"ecosystem": "VARCHAR", "name": "VARCHAR"},
        "manifest_path": "VARCHAR",
        "scope": "VARCHAR",
        "severity": "VARCHAR",
        "advisory": {
            "ghsa_id": "VARCHAR",
            "cve_id": "VARCHAR",
            "published_at": "TIMESTAMP",
            "withdrawn_at": "TIMESTAMP"
        }
    ') }}

)

select
    {{ github_alert_columns() }},
    node.dismissed_reason,
    node.severity,
    node.advisory.ghsa_id,
    node.advisory.cve_id,
    node.package.ecosystem as package_ecosystem,
    node.package.name as package_name,
    node.manifest_path,
    node.scope as dependency_scope,
    node.fixed_at,
    node.dismissed_at,
    node.auto_dismissed_at,
    node.advisory.published_at as advisory_published_at,
    node.advisory.withdrawn_at as advisory_withdrawn_at
from parsed
