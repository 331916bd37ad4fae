"""What `flowlight check` says of defect rules: what each one matched, and which severities mean nothing."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestration.defect_rules import Matched, matched, rule_key, show_defect_rules, unknown_words
from orchestration.last_night import NotThere, last_night
from orchestration.settings import Settings
from tests.orchestration.past_night import PastNight

TODAY = date(2026, 3, 2)
BUGS = {"kind": "security", "connection": "jira", "project": None, "issue_type": "Bug", "condition_field": "label",
        "condition_value": "security", "severity": None, "valid_from": None, "valid_to": None}  # fmt: skip
TICKETS = dict.fromkeys(BUGS) | {"kind": "incident", "project": "INC", "issue_type": "Incident", "severity": "SEV2"}
LATER = TICKETS | {"valid_from": "2026-03-03"}
OVER = TICKETS | {"valid_to": "2026-03-02"}


def shown(rules: list[dict[str, Any]], told: Matched | None) -> list[str]:
    console = Console(width=120, record=True)
    show_defect_rules(rules, TODAY, told, console)
    lines = [" ".join(line.split()) for line in console.export_text().splitlines()]
    return [line for line in lines if line.startswith(("security", "incident"))]


def test_every_rule_in_force_has_its_items() -> None:
    told = Matched({"security|jira||Bug|label|security|": 1200}, [])
    assert shown([BUGS, TICKETS, LATER, OVER], told) == [
        "security jira: Bug with label = security 1,200",
        "incident Incident in INC SEV2 0",
    ]
    assert shown([BUGS], None) == ["security jira: Bug with label = security known after the next night"]
    assert shown([LATER], None) == []


def test_words_that_mean_no_severity_are_told() -> None:
    assert unknown_words(None) == unknown_words(Matched({}, [])) == []
    assert unknown_words(Matched({}, [("Lowest", 3)])) == [
        "security_severities.csv: 3 security defects of 90 days have severity 'Lowest', which means none of critical, "
        "high, medium, low, info; add it to tracker_words"
    ]


def test_matched_counts_items_created_in_ninety_days(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "config", tmp_path / "data")
    night = PastNight(settings)
    night.finish()
    with last_night(settings) as seen, pytest.raises(NotThere):
        matched(seen)
    night.run(
        "create table intermediate.int_work_item_defects"
        " (item_key varchar, kind varchar, rule_key varchar, severity varchar, created_date date);"
        "create table intermediate.int_tracker_security_defects (item_key varchar, severity varchar)"
    )
    key = rule_key(BUGS)
    for item, kind, severity, day in (
        ("a", "security", "Lowest", "2026-03-01"), ("b", "security", "High", "2025-12-03"),
        ("b", "escaped", "High", "2025-12-03"), ("c", "security", "Lowest", "2025-12-02"),
        ("d", "security", None, "2026-03-01"),
    ):  # fmt: skip
        rule = key if kind == "security" else "other"
        night.run("insert into intermediate.int_work_item_defects values ($1, $2, $3, $4, $5)", item, kind, rule,
                  severity, day)  # fmt: skip
    night.run(
        "insert into intermediate.int_tracker_security_defects values"
        " ('a', null), ('b', 'high'), ('c', null), ('d', null)"
    )
    night.finish()
    with last_night(settings) as seen:
        told = matched(seen)
    assert told == Matched({key: 3, "other": 1}, [("Lowest", 1)])
