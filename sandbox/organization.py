"""Acme's organisation files: what its people would write down about teams, work and meaning, as dated rows."""

from datetime import timedelta

from sandbox import monorepo
from sandbox.clock import FREEZES, HOLIDAYS
from sandbox.files import GENERATED
from sandbox.goals import STREAM_LABEL, TEAM_LABEL
from sandbox.incidents import TOOL_SERVICES
from sandbox.people import Staff
from sandbox.pipelines import DEPLOYED_BY_WORKFLOW
from sandbox.process import ISSUE_TYPES, LABEL_RULES, STATUSES, UNPLANNED_LABEL
from sandbox.purpose import Row, purpose_rows
from sandbox.purpose import rows_of as _rows
from sandbox.repairs import HOTFIX_LABEL
from sandbox.teams import (
    ACQUISITION,
    REORGANISATION,
    REPOS,
    SERVICES,
    TEAMS,
    TOOLSMITHS_STREAMS,
    VALUE_STREAMS,
    service_owner,
)
from sandbox.tickets import MINOR_LABEL

WINDOW_HOURS = {"parcel-hub": 48}
"""Services whose owners put incidents down to a release for longer than a day."""
TRACKER_SERVICES: tuple[tuple[str, str], ...] = (
    *((name, service) for service, name in SERVICES.items() if service != "reverse-logistics"),
    ("Cart", "checkout"), ("Checkout Flow", "checkout"), ("Cards", "payments"), ("Wallets", "payments"),
    ("Invoices", "billing"), ("Tax", "billing"), ("Picking", "warehouse"), ("Refunds", "returns"),
)  # fmt: skip
"""Components of Jira that stand for a service: those of tickets, and some of the teams' own."""
_BEFORE, _AFTER = REORGANISATION.isoformat(), ACQUISITION.isoformat()


def organization_rows(staff: Staff) -> dict[str, list[Row]]:
    """Rows by CSV name, in the order of the columns."""
    return {
        "teams": _rows("team_id,team_name,valid_from,valid_to", *((t.team_id, t.name, t.joins, None) for t in TEAMS)),
        "value_streams": _rows("value_stream_id,value_stream_name,valid_from,valid_to",
                               *((key, name, None, None) for key, name in VALUE_STREAMS.items())),
        "team_value_streams": _team_value_streams(),
        "operating_models": _operating_models(),
        "memberships": _rows("member_id,team_id,role,valid_from,valid_to",
                             *((m.person.member_id, m.team_id, m.person.role, m.valid_from, m.valid_to)
                               for m in staff.memberships)),
        "services": _rows("service_id,service_name,incident_window_hours,valid_from,valid_to",
                          *((key, name, WINDOW_HOURS.get(key), _since(key), None) for key, name in SERVICES.items()),
                          *((key, name, None, None, None) for key, (name, _) in monorepo.SERVICES.items())),
        "service_owners": _service_owners(),
        "repository_services": _rows(
            "connection,repository,service_id,condition_field,condition_value,valid_from,valid_to",
            *(("github", f"acme/{r.name}", r.service, None, None, _since(r.service), None) for r in REPOS if r.service),
            *(("github", monorepo.NAME, *condition, None) for condition in monorepo.CONDITIONS),
        ),
        "deployment_rules": _deployment_rules(),
        "repair_rules": _rows("connection,kind,field,pattern,valid_from,valid_to",
                              (None, "hotfix", "branch", "hotfix/*", None, None),
                              ("github", "hotfix", "label", HOTFIX_LABEL, None, None),
                              (None, "revert", "branch", "revert-*", None, None)),
        "generated_files": _rows("connection,repository,pattern,is_generated,valid_from,valid_to",
                                 *(("github", *row, None) for row in GENERATED)),
        "incident_services": _rows("connection,tool_service,service_id,valid_from,valid_to",
                                   *(("pagerduty", name, service, _since(service), None)
                                     for _, name, service in TOOL_SERVICES if service),
                                   *(("jira", component, service, _since(service), None)
                                     for component, service in TRACKER_SERVICES),
                                   ("jira", "SRCH", "search", None, None),
                                   *(("jira", name, key, None, None) for key, (name, _) in monorepo.SERVICES.items())),
        "incident_severities": _rows("connection,severity,is_incident,valid_from,valid_to",
                                     ("pagerduty", "P4", "no", None, None), ("pagerduty", "P5", "no", None, None),
                                     ("inbox", "low", "no", None, None),
                                     *(("jira", severity, "no", None, None) for severity in ("SEV4", "Low"))),
        "security_severities": _rows("severity,tracker_words,sla_days,is_counted,valid_from,valid_to",
                                     ("critical", "Highest; SEV1", 7, "yes", None, None),
                                     ("high", "SEV2", 45, "yes", None, "2026-01-01"),
                                     ("high", "SEV2", 30, "yes", "2026-01-01", None),
                                     ("medium", "SEV3", 90, "yes", None, None),
                                     ("low", "SEV4", 180, "no", None, None), ("info", None, None, "no", None, None)),
        "work_rules": _work_rules(),
        "status_mappings": _status_mappings(),
        "type_mappings": _type_mappings(),
        "unplanned_rules": _rows("connection,project,field,value,valid_from,valid_to",
                                 ("jira", None, "label", UNPLANNED_LABEL, None, None),
                                 ("jira", "OMS", "priority", "Highest", "2026-01-01", None)),
        "defect_rules": _defect_rules(),
        "bots": _rows("pattern,note", ("dependabot*", "dependency updates"), ("acme-ci*", "releases and merges"),
                      ("acme-review-bot*", "comments on pull requests"), ("*-robot", "a bot with a user account")),
        **purpose_rows(staff),
        "calendar": _calendar(),
    }  # fmt: skip


def _since(service: str) -> str | None:
    """The first day of a service at Acme; None = always."""
    return _AFTER if service == "parcel-hub" else None


def _team_value_streams() -> list[Row]:
    rows: list[tuple[object, ...]] = []
    for team in TEAMS:
        if team.team_id == "toolsmiths":
            rows += [(team.team_id, stream, weight, None, None) for stream, weight in TOOLSMITHS_STREAMS]
        elif team.team_id == "returns":
            rows += [(team.team_id, "fulfilment", 1, None, _BEFORE), (team.team_id, "payments", 1, _BEFORE, None)]
        else:
            rows.append((team.team_id, team.value_stream, 1, team.joins, None))
    return _rows("team_id,value_stream_id,weight,valid_from,valid_to", *rows)


def _operating_models() -> list[Row]:
    rows: list[tuple[object, ...]] = []
    for team in TEAMS:
        if team.team_id == "warehouse":
            rows += [(team.team_id, "em_led", None, "2026-04-01"), (team.team_id, "self_managed", "2026-04-01", None)]
        else:
            rows.append((team.team_id, team.operating_model, team.joins, None))
    return _rows("team_id,operating_model,valid_from,valid_to", *rows)


def _service_owners() -> list[Row]:
    rows: list[tuple[object, ...]] = []
    for service in SERVICES:
        if service == "reverse-logistics":
            rows += [(service, "returns", None, _BEFORE), (service, "orders", _BEFORE, None)]
        else:
            rows.append((service, service_owner(service, 1 << 40), _since(service), None))
    rows += [(service, team, None, None) for service, (_, team) in monorepo.SERVICES.items()]
    return _rows("service_id,team_id,valid_from,valid_to", *rows)


def _deployment_rules() -> list[Row]:
    rows: list[tuple[object, ...]] = [
        (None, "deployments", "production*", None, None, None, None, None),
        ("parcel-hub", "deployments", "prod-*", None, None, None, None, None),
    ]
    for service in DEPLOYED_BY_WORKFLOW:  # each is its repository's name
        rows += [
            (service, "workflow", None, workflow, "deploy-production*", None, None, None)
            for workflow in ("deploy.yml", "rollback.yml")
        ]
    rows += [(service, method, None, None, None, tag, None, None) for service, method, tag in monorepo.RULES]
    header = "service_id,method,environment_pattern,workflow_pattern,job_pattern,tag_pattern,valid_from,valid_to"
    return _rows(header, *rows)


def _work_rules() -> list[Row]:
    rows: list[tuple[object, ...]] = [
        (10, "jira", "RET", "component", "Reverse Logistics", "orders", None, 1, _BEFORE, None),
        (20, "jira", "CHK", "component", "Design System", "checkout", None, 0.5, None, None),
        (20, "jira", "CHK", "component", "Design System", "storefront", None, 0.5, None, None),
        (30, "jira", "TOOL", "label", "billing-migration", "toolsmiths", "payments", 1, None, None),
        (40, "jira", "WEB", "team", "Storefront", "storefront", None, 1, None, None),
        (41, "jira", "WEB", "team", "Mobile", "mobile", None, 1, None, None),
        (45, "jira", "OKR", "label", STREAM_LABEL, None, "payments", 1, None, None),
        (46, "jira", "OKR", "label", TEAM_LABEL, "billing", None, 1, None, None),
    ]
    owned = [team for team in TEAMS if team.project != "WEB"]
    rows += [
        (50 + n, "jira", None, "project", team.project, team.team_id, None, 1, team.joins, None)
        for n, team in enumerate(owned)
    ]
    return _rows("rule_order,connection,project,field,value,team_id,value_stream_id,weight,valid_from,valid_to", *rows)


def _status_mappings() -> list[Row]:
    rows: list[tuple[object, ...]] = []
    for status in STATUSES:
        if status.state is None:
            continue
        project = status.project or ("TOOL" if status.status_id in ("10020", "10021", "10022") else None)
        blocked = "yes" if status.is_blocked else None
        meaning = (status.state, status.stage, status.stage_order, blocked)
        rows.append(("jira", project, None, status.name, *meaning, None, None))
    rows.append(("jira", "BILL", None, "10004", "waiting", "review", 30, None, None, "2026-01-01"))
    rows.append(("jira", "BILL", None, "10004", "active", "review", 30, None, "2026-01-01", None))
    header = "connection,project,issue_type,status,flow_state,stage,stage_order,is_blocked,valid_from,valid_to"
    return _rows(header, *rows)


def _type_mappings() -> list[Row]:
    rows: list[tuple[object, ...]] = []
    seen: set[str] = set()
    for issue_type in ISSUE_TYPES:
        if issue_type.level is None or issue_type.name in seen:
            continue
        seen.add(issue_type.name)
        rows.append(
            ("jira", None, issue_type.name, None, None, issue_type.flow_item_type, issue_type.level, None, None)
        )
    for name, label, flow_item_type, level in LABEL_RULES:
        rows.append(("jira", None, name, "label", label, flow_item_type, level, None, None))
    return _rows(
        "connection,project,issue_type,condition_field,condition_value,flow_item_type,item_level,valid_from,valid_to",
        *rows,
    )


def _defect_rules() -> list[Row]:
    rows: list[tuple[object, ...]] = [
        ("incident", "jira", "INC", "Incident", None, None, None, None, None),
        ("incident", "jira", "INC", "Incident", "label", MINOR_LABEL, "SEV4", "2026-01-01", None),
        ("security", "jira", None, "Bug", "label", "security", None, None, None),
        ("security", "jira", None, "Security", "severity", "Critical", None, None, None),
        ("security", "jira", None, "Security", "severity", "High", None, None, None),
        ("security", "jira", "INC", "Vulnerability", None, None, None, None, None),
        ("escaped", "jira", None, "Bug", "found_in", "Production", None, None, None),
        ("escaped", "jira", None, "Bug", "label", "customer", None, None, None),
        ("escaped", "jira", "OMS", "Bug", "priority", "Highest", None, "2026-01-01", None),
    ]
    return _rows(
        "kind,connection,project,issue_type,condition_field,condition_value,severity,valid_from,valid_to", *rows
    )


def _calendar() -> list[Row]:
    rows: list[tuple[object, ...]] = [(day, "holiday", name) for day, name in HOLIDAYS.items()]
    for first, last in FREEZES:
        rows += [(first + timedelta(days=n), "freeze", "Year-end freeze") for n in range((last - first).days + 1)]
    return _rows("date,kind,name", *sorted(rows, key=lambda row: (str(row[0]), str(row[1]))))
