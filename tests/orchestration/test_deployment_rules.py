"""What `flowlight check` says of deployment rules: which one holds for a service, what it matched, what is unread."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ingestion.config import load_config
from orchestration.deployment_rules import Matched, matched, rules_of, show_deployment_rules, unread_workflows
from orchestration.last_night import NotThere, last_night
from orchestration.settings import Settings
from tests.orchestration.past_night import PastNight

TODAY = date(2026, 3, 2)
NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)
CONNECTIONS = """\
connections:
  - {name: gh, type: github, base_url: 'https://api.github.com', token_env: T, repositories: ["acme/*"],
     start_date: 2026-01-01}
  - {name: ghe, type: github, base_url: 'https://ghe.example/api/v3', token_env: T, repositories: ["acme/*"],
     start_date: 2026-01-01, deploy_workflows: ["*deploy*", "Ship*"]}
"""


def rule(line: int, method: str = "deployments", **values: str) -> dict[str, Any]:
    names = ("service_id", "environment_pattern", "workflow_pattern", "job_pattern", "tag_pattern")
    return {**dict.fromkeys((*names, "valid_from", "valid_to")), "method": method, "_line": line, **values}


RULES = [
    rule(2, environment_pattern="production*"),
    rule(3, service_id="web", environment_pattern="live", valid_to="2026-03-02"),
    rule(4, "workflow", service_id="web", workflow_pattern="Deploy.yml", job_pattern="prod*", valid_from="2026-03-02"),
    rule(5, "workflow", service_id="web", workflow_pattern="ship it", valid_from="2026-03-02"),
    rule(6, "release", service_id="app"),
    rule(7, "tag", service_id="lib", tag_pattern="lib/*"),
    rule(8, "merge", service_id="flow", valid_from="2026-03-03"),
]
SERVICES = [{"service_id": name, "service_name": name.title()} for name in ("web", "app", "lib", "flow")]


def connections(folder: Path) -> list[Any]:
    (folder / "connections.yml").write_text(CONNECTIONS)
    return list(load_config(folder, environ={"T": "x"}).connections)


def found(workflows: list[tuple[str, str | None, str | None]], rules: list[dict[str, Any]] = RULES) -> Matched:
    return Matched(NIGHT, rules, {"web": 1200}, {"acme/lib": 0, "acme/web": 1200}, workflows)


def shown(organization: Mapping[str, Any], told: Matched | None) -> list[str]:
    console = Console(width=120, record=True)
    show_deployment_rules(organization, TODAY, told, console)
    return [" ".join(line.split()) for line in console.export_text().splitlines() if line.strip()]


def test_own_rules_of_a_service_beat_those_for_any_service() -> None:
    assert [row["_line"] for row in rules_of("web", RULES, date(2026, 3, 1))] == [3]
    assert [row["_line"] for row in rules_of("web", RULES, TODAY)] == [4, 5]
    assert [row["_line"] for row in rules_of("flow", RULES, TODAY)] == [2]


def test_every_service_has_its_rule_and_its_deployments() -> None:
    told = shown({"services": SERVICES, "deployment_rules": RULES}, found([]))
    assert [line for line in told if line.split()[0] in ("Web", "App", "Lib", "Flow")] == [
        "Web jobs prod* of Deploy.yml, runs of ship it 1,200",
        "App releases * 0",
        "Lib tags lib/* 0",
        "Flow records in production* 0",
    ]
    assert told[-1] == "repositories without a deployment in 90 days: acme/lib"
    changed = shown({"services": SERVICES[:1], "deployment_rules": RULES[:1]}, found([]))
    assert "deployment_rules.csv has changed since the night of 2026-03-02T02:00:00Z: the counts are its own" in changed


def test_before_the_first_night_and_without_a_rule_it_says_so() -> None:
    told = shown({"services": SERVICES[1:2], "deployment_rules": []}, None)
    assert told[-1] == "App unmapped known after the first night"


def test_a_rule_names_a_workflow_whose_jobs_are_not_read(tmp_path: Path) -> None:
    rules = [rule(4, "workflow", workflow_pattern="ship*", job_pattern="prod*"),
             rule(5, "workflow", workflow_pattern="ship*"),
             rule(6, "workflow", workflow_pattern="ship*", job_pattern="prod*", valid_to="2026-03-01")]  # fmt: skip
    told = found(
        [("gh", "Ship it", ".github/workflows/ship.yml"), ("ghe", "Ship it", "x/ship.yml"), ("gh", "CI", None)]
    )
    assert unread_workflows(rules, TODAY, connections(tmp_path), told) == [
        "deployment_rules.csv:4: the jobs of what it names are not read; add ship.yml to deploy_workflows of gh in "
        "connections.yml"
    ]
    told = found([("gh", "Deploy", "x/ship.yml"), ("ghe", "Ship", None)])
    assert unread_workflows(rules, TODAY, connections(tmp_path), told) == []
    assert unread_workflows(rules[:1], TODAY, connections(tmp_path), found([("gh", "CI", None)])) == [
        "deployment_rules.csv:4: no workflow 'ship*' has run yet"
    ]


def test_before_the_first_night_a_pattern_is_taken_for_a_name(tmp_path: Path) -> None:
    rules = [rule(4, "workflow", workflow_pattern="rollout.yml", job_pattern="p*"),
             rule(5, "workflow", workflow_pattern="Go live", job_pattern="p*")]  # fmt: skip
    assert unread_workflows(rules, TODAY, connections(tmp_path)[:1], None) == [
        "deployment_rules.csv:5: the jobs of what it names are not read; add go live to deploy_workflows of gh in "
        "connections.yml"
    ]


def test_matched_counts_production_deployments_of_ninety_days(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "config", tmp_path / "data")
    night = PastNight(settings)
    night.finish()
    with last_night(settings) as seen, pytest.raises(NotThere):
        matched(seen)
    night.run(
        "create schema staging; create table raw_organization.deployment_rules (payload json);"
        "create table staging.stg_github__workflow_runs"
        " (connection varchar, workflow_name varchar, workflow_path varchar);"
        "create table intermediate.int_repositories"
        " (repository_key varchar, name_with_owner varchar, is_archived boolean);"
        "create table intermediate.int_deployments (deployment_key varchar, repository_key varchar, service_id varchar,"
        " is_production boolean, outcome varchar, occurred_at timestamp)"
    )
    night.rules(deployment_rules=RULES[:1])
    night.run("insert into staging.stg_github__workflow_runs values ('gh', 'CI', 'ci.yml'), ('gh', 'CI', 'ci.yml')")
    night.run("insert into intermediate.int_repositories values ('r', 'acme/web', false), ('l', 'acme/lib', false),"
              " ('o', 'acme/old', true)")  # fmt: skip
    night.run(
        """insert into intermediate.int_deployments values
        ('d1', 'r', 'web', true, 'success', '2026-03-01 10:00'),
        ('d1', 'r', 'api', true, 'success', '2026-03-01 10:00'),
        ('d2', 'r', 'web', true, 'failure', '2025-12-03 10:00'),
        ('d3', 'r', 'web', true, 'success', '2025-12-01 10:00'),
        ('d4', 'r', 'web', true, 'aborted', '2026-03-01 10:00'),
        ('d5', 'r', 'web', false, 'success', '2026-03-01 10:00'),
        ('d6', null, 'till', true, 'success', '2026-03-01 10:00')"""
    )
    night.finish()
    with last_night(settings) as seen:
        told = matched(seen)
    assert told.services == {"web": 2, "api": 1, "till": 1}
    assert told.repositories == {"acme/lib": 0, "acme/web": 2}
    assert (told.workflows, told.as_of) == ([("gh", "CI", "ci.yml")], NIGHT)
    assert [row["environment_pattern"] for row in told.rules] == ["production*"]
