with source as (

    select * from {{ source('github', 'code_scanning_alerts') }}

),

parsed as (

    select
        connection,
        id,
        load_id,
        {{ json_parse('payload', '{
            "number": "BIGINT",
            "state": "VARCHAR",
            "created_at": "TIMESTAMP",
            "updated_at": "TIMESTAMP",
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
            "ref": "VARCHAR",
            "repository": {"id": "VARCHAR"}
        }') }} as node
    from source

)

select
    connection || ':' || id as alert_key,
    connection || ':' || node.repository.id as repository_key,
    connection,
    node.state,
    node.dismissed_reason,
    node.rule.security_severity_level as severity,
    node.rule.severity as rule_severity,
    node.rule.id as rule_id,
    node.tool as tool_name,
    node.path as file_path,
    node.ref as ref_name,
    {{ pattern_matches(
        "upper(concat_ws(' ', node.rule.id, node.rule.name, array_to_string(node.rule.tags, ' ')))",
        "'CVE-[0-9]{4}-[0-9]{4,}'"
    ) }} as cve_ids,
    {{ pattern_matches(
        "upper(concat_ws(' ', node.rule.id, node.rule.name, array_to_string(node.rule.tags, ' ')))",
        "'GHSA(?:-[0-9A-Z]{4}){3}'"
    ) }} as ghsa_ids,
    node.number as alert_number,
    node.created_at,
    node.updated_at,
    node.fixed_at,
    node.dismissed_at,
    load_id
from parsed
