"""`flowlight check`'s answers: dated rules, the most specific wins, nothing gets a silent default."""

from datetime import date
from typing import Any

import pytest

from orchestration.mapping import Rules

ON = date(2026, 7, 1)
PROJECTS = [{"connection": "jira", "project_id": n, "project": key} for n, key in (("1", "SHOP"), ("2", "PAY"))]
TYPES = [
    {"connection": "jira", "issue_type_id": "10", "issue_type": "Bug"},
    {"connection": "jira", "issue_type_id": "11", "issue_type": "Story"},
]


def states(rules: list[dict[str, Any]], status: dict[str, str] | None = None) -> dict[tuple[str, str], str | None]:
    """Flow state of one status (default To Do, id 3) by project and issue type."""
    asked = Rules({"status_mappings": rules}, ON)
    asked.add("projects", PROJECTS)
    asked.add("issue_types", TYPES)
    asked.add("statuses", [{"connection": "jira", "status_id": "3", "status": "To Do", **(status or {})}])
    return {(row["project"], row["issue_type"]): row["flow_state"] for row in asked.statuses()}


def test_unmapped_status_has_no_state() -> None:
    assert set(states([]).values()) == {None}
    assert set(states([{"status": "To do it", "flow_state": "new"}]).values()) == {None}


@pytest.mark.parametrize("status", ["To Do", "to do", "3"])
def test_status_is_matched_by_name_in_any_case_or_by_id(status: str) -> None:
    assert set(states([{"status": status, "flow_state": "new"}]).values()) == {"new"}


def test_issue_type_outweighs_project_and_connection_together() -> None:
    found = states(
        [
            {"status": "To Do", "flow_state": "new"},
            {"status": "To Do", "connection": "jira", "flow_state": "waiting"},
            {"status": "To Do", "connection": "jira", "project": "PAY", "flow_state": "active"},
            {"status": "To Do", "issue_type": "bug", "flow_state": "done"},
        ]
    )
    assert found == {
        ("SHOP", "Bug"): "done",
        ("SHOP", "Story"): "waiting",
        ("PAY", "Bug"): "done",
        ("PAY", "Story"): "active",
    }


def test_only_rules_in_force_count_and_the_end_is_exclusive() -> None:
    found = states(
        [
            {"status": "To Do", "flow_state": "new", "valid_to": "2026-07-01"},
            {"status": "To Do", "flow_state": "waiting", "valid_from": "2026-07-01", "valid_to": "2026-07-02"},
            {"status": "To Do", "flow_state": "active", "valid_from": "2026-07-02"},
        ]
    )
    assert set(found.values()) == {"waiting"}


def test_status_of_a_team_managed_project_is_asked_there_only() -> None:
    found = states([{"status": "To Do", "flow_state": "new"}], {"only_project_id": "2"})
    assert found == {("PAY", "Bug"): "new", ("PAY", "Story"): "new"}


def test_issue_type_shows_its_rule_and_the_conditional_ones() -> None:
    asked = Rules(
        {
            "type_mappings": [
                {"issue_type": "Bug", "flow_item_type": "defect", "item_level": "flow_item"},
                {
                    "condition_field": "label",
                    "condition_value": "security",
                    "flow_item_type": "risk",
                    "item_level": "flow_item",
                },
            ]
        },
        ON,
    )
    asked.add("projects", PROJECTS[:1])
    asked.add("issue_types", TYPES)
    columns = ("issue_type", "condition_value", "flow_item_type")
    assert {tuple(row[column] for column in columns) for row in asked.issue_types()} == {
        ("Bug", None, "defect"),
        ("Bug", "security", "risk"),
        ("Story", None, None),
        ("Story", "security", "risk"),
    }


def test_repository_goes_to_the_exact_rule_before_a_glob_and_on_to_the_owner() -> None:
    asked = Rules(
        {
            "repository_services": [
                {"repository": "acme/*", "service_id": "rest"},
                {"repository": "Acme/Pay", "service_id": "pay"},
            ],
            "services": [{"service_id": "rest", "service_name": "The rest"}],
            "service_owners": [
                {"service_id": "pay", "team_id": "old", "valid_to": "2026-01-01"},
                {"service_id": "pay", "team_id": "payments", "valid_from": "2026-01-01"},
            ],
            "teams": [{"team_id": "payments", "team_name": "Payments"}],
        },
        ON,
    )
    names = ("acme/pay", "acme/web", "other/web")
    asked.add("repositories", [{"connection": "github", "repository": name} for name in names])
    columns = ("repository", "service_id", "team_name")
    assert [tuple(row[column] for column in columns) for row in asked.repositories()] == [
        ("acme/pay", "pay", "Payments"),
        ("acme/web", "rest", None),
        ("other/web", None, None),
    ]


def test_service_of_an_incident_tool_goes_to_the_rule_of_its_connection_then_by_id() -> None:
    asked = Rules(
        {
            "incident_services": [
                {"tool_service": "checkout api", "service_id": "any"},
                {"connection": "pd", "tool_service": "Checkout API", "service_id": "by-name"},
                {"connection": "pd", "tool_service": "p1", "service_id": "by-id"},
                {"tool_service": "Old", "service_id": "old", "valid_to": "2026-01-01"},
            ],
            "services": [{"service_id": "by-id", "service_name": "Checkout"}],
        },
        ON,
    )
    listed = [("pd", "P1", "Checkout API"), ("other", "P9", "Checkout API"), ("pd", "P2", "Old")]
    columns = ("connection", "tool_service_id", "tool_service")
    asked.add("tool_services", [dict(zip(columns, row, strict=True)) for row in listed])
    assert [(row["connection"], row["tool_service"], row["service_id"]) for row in asked.tool_services()] == [
        ("other", "Checkout API", "any"),
        ("pd", "Checkout API", "by-id"),
        ("pd", "Old", None),
    ]
