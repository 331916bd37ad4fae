"""Acme's PagerDuty and inbox through extraction, load and staging: every row equals the simulator's truth."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.config import load_config
from sandbox.server import serve
from sandbox.shipped import write_config
from sandbox.truth import Truth
from sandbox.world import World
from tests.end_to_end.one_night import Night, live_through
from tests.end_to_end.small_world import NIGHT, company

CONFIG = """organization: {name: Acme, time_zone: Europe/Berlin}
connections:
  - {name: pagerduty, type: pagerduty, base_url: sandbox, start_date: 2024-12-01}
  - {name: inbox, type: inbox}
"""


@pytest.fixture(scope="module")
def truth() -> Truth:
    return company().truth.at(NIGHT)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder: Path = tmp_path_factory.mktemp("incidents")
    write_config(company(), folder / "config")
    (folder / "config" / "connections.yml").write_text(CONFIG)
    with serve(World(NIGHT, pagerduty=company().world.pagerduty), clock=NIGHT) as server:
        config = load_config(folder / "config", environ={}).with_base_urls({"pagerduty": server.pagerduty_url})
        selected = ["path:models/staging/pagerduty", "path:models/staging/inbox"]
        return live_through(config, folder / "data", NIGHT, selected)


def naive(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC).replace(tzinfo=None)


def test_incidents_of_pagerduty_are_the_truth(night: Night, truth: Truth) -> None:
    rows = night.query(
        """select i.incident_id, i.service_name, i.priority_name, i.urgency, i.created_at, i.merged_into_key,
            t.acknowledged_at, t.escalated_at, t.resolved_at, t.last_resolved_at, t.reopened_times, i.status
        from staging.stg_pagerduty__incidents as i
        left join staging.stg_pagerduty__incident_times as t using (incident_key)"""
    )
    expected: dict[str, dict[str, Any]] = {
        key: {
            "incident_id": key, "service_name": i.tool_service, "priority_name": i.severity, "urgency": i.urgency,
            "created_at": naive(i.started_at),
            "merged_into_key": f"pagerduty:{i.merged_into}" if i.merged_into else None,
            "acknowledged_at": naive(i.acknowledged_at), "escalated_at": naive(i.escalated_at),
            "resolved_at": naive(i.resolved_times[0]) if i.resolved_times else None,
            "last_resolved_at": naive(i.resolved_times[-1]) if i.resolved_times else None,
            "reopened_times": [naive(at) for at in i.reopened_times] or None,
            "is_open": i.is_open,
        }
        for key, i in truth.incidents.items()
        if i.source == "pagerduty" and not i.deleted_at
    }  # fmt: skip
    found = {row["incident_id"]: row | {"is_open": row.pop("status") != "resolved"} for row in rows}
    assert found == expected
    assert len(found) > 300


def test_deployments_of_the_inbox_are_the_truth(night: Night, truth: Truth) -> None:
    rows = night.query("select * from staging.stg_inbox__deployments")
    undone = {d.rollback_of for d in truth.inbox_deployments.values() if d.rollback_of and d.finished_at}
    statuses = {"failed_before": "failed_before_users", None: "in_progress"}
    expected = {
        key: (
            d.service, d.environment, d.commit_oid, naive(d.created_at), naive(d.finished_at), d.rollback_of,
            "rolled_back" if d.outcome == "success" and key in undone else statuses.get(d.outcome, d.outcome),
            d.rollback_of is not None,
        )
        for key, d in truth.inbox_deployments.items()
    }  # fmt: skip
    columns = (
        "service_id", "environment", "commit_oid", "started_at", "finished_at", "repairs_deployment_id", "status",
        "is_rollback",
    )  # fmt: skip
    assert {row["deployment_id"]: tuple(row[name] for name in columns) for row in rows} == expected
    assert sum(row["rolled_back_at"] is not None for row in rows) == sum(
        v[6] == "rolled_back" for v in expected.values()
    )


def test_incidents_and_findings_of_the_inbox_are_the_truth(night: Night, truth: Truth) -> None:
    rows = night.query("select * from staging.stg_inbox__incidents")
    columns = (
        "severity", "started_at", "acknowledged_at", "escalated_at", "resolved_at", "reopened_times",
        "caused_by_deployment_id", "duplicate_of_id",
    )  # fmt: skip
    assert {row["incident_id"]: tuple(row[name] for name in columns) for row in rows} == {
        key: (
            i.severity, naive(i.started_at), naive(i.acknowledged_at), naive(i.escalated_at),
            naive(i.resolved_times[0]) if i.resolved_times else None,
            [naive(at) for at in i.reopened_times] or None, i.linked_to, i.merged_into,
        )
        for key, i in truth.incidents.items()
        if i.source == "inbox"
    }  # fmt: skip
    rows = night.query("select * from staging.stg_inbox__security_findings")
    columns = ("service_id", "repository", "scanner", "advisory", "severity", "state", "opened_at", "closed_at")
    assert {row["finding_id"]: tuple(row[name] for name in columns) for row in rows} == {
        key: (
            f.service,
            f.repository,
            f.scanner,
            f.advisory,
            f.severity,
            f.state,
            naive(f.opened_at),
            naive(f.closed_at),
        )
        for key, f in truth.inbox_findings.items()
    }
    assert len(rows) > 20


def test_nothing_is_quarantined_and_no_person_is_stored_but_in_titles(night: Night) -> None:
    assert night.query("select count(*) as n from raw_ingestion.quarantine") == [{"n": 0}]
    stored = "".join(
        row["text"]
        for table in ("pagerduty.incidents", "pagerduty.log_entries", "pagerduty.services", "inbox.incidents")
        for row in night.query(
            f"select json_merge_patch(payload, '{{\"title\": null}}')::varchar as text from raw_{table}"
        )
    )
    assert len(stored) > 100_000
    assert not [name for name in company().truth.people if name in stored]
