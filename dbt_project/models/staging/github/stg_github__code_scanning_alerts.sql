with parsed as (

    {{ github_alerts(source('github', 'code_scanning_alerts'), '
        "fixed_at": "TIMESTAMP",
        "dismissed_at": "TIMESTAMP",
        "dismissed_reason": "VARCHAR",
        "rule": {
            "id": "VARCHAR",
            "name": "VARCHAR",
            "severity": "VARCHAR",
            "security_severity_level": "VARCHAR",
            "tags": ["VARCHAR"]
        },
        "tool": "VARCHAR",
        "path": "VARCHAR",
        "ref": "VARCHAR"
    ') }}

),

named as (

    select
        parsed.*,
        upper(concat_ws(' ', node.rule.id, node.rule.name, array_to_string(node.rule.tags, ' '))) as words
    from parsed

)

select
    {{ github_alert_columns() }},
    node.dismissed_reason,
    node.rule.security_severity_level as severity,
    node.rule.severity as rule_severity,
    node.rule.id as rule_id,
    node.tool as tool_name,
    node.path as file_path,
    node.ref as ref_name,
    {{ pattern_matches('words', "'CVE-[0-9]{4}-[0-9]{4,}'") }} as cve_ids,
    {{ pattern_matches('words', "'GHSA(?:-[0-9A-Z]{4}){3}'") }} as ghsa_ids,
    node.rule.security_severity_level is not null or coalesce(array_contains(node.rule.tags, 'security'), false)
        as is_of_security,
    node.fixed_at,
    node.dismissed_at
from named
