"""Acme's incidents and inbox: every kind of trouble is there, and what the tools show agrees with the truth."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from ingestion.schemas import record_schema
from sandbox.company import Company
from sandbox.incidents import TOOL_SERVICES
from sandbox.truth import Incident, Truth

WINDOW = timedelta(hours=24)


def finished_at(truth: Truth, deployment: str) -> datetime:
    found = (truth.deployments | truth.inbox_deployments)[deployment].finished_at
    assert found is not None
    return found


def test_every_kind_of_trouble_is_there(now: Truth) -> None:
    incidents = list(now.incidents.values())
    spans = [(i, i.started_at - finished_at(now, i.caused_by)) for i in incidents if i.caused_by]
    failed = {d.deployment_id for d in now.deployments.values() if d.outcome == "failed" and d.is_production}
    counts = {
        "caused within the window": sum(span <= WINDOW for _, span in spans),
        "caused outside of the window": sum(span > WINDOW for _, span in spans),
        "of a failed deployment": sum(i.caused_by in failed for i in incidents),
        "of no deployment": sum(i.caused_by is None for i in incidents),
        "merged by PagerDuty": sum(bool(i.merged_into) and i.source == "pagerduty" for i in incidents),
        "in two tools, said so": sum(bool(i.merged_into) and i.source == "inbox" for i in incidents),
        "in two tools, not said": sum(bool(i.same_as) and not i.merged_into and i.source == "inbox" for i in incidents),
        "only in the inbox": sum(i.source == "inbox" and not i.same_as for i in incidents),
        "linked to its deployment": sum(bool(i.linked_to) for i in incidents),
        "escalated": sum(bool(i.escalated_at) for i in incidents),
        "reopened": sum(bool(i.reopened_times) for i in incidents),
        "resolved late": sum(i.resolved_times[:1] > [i.started_at + 2 * WINDOW] for i in incidents),
        "still open": sum(i.is_open and not i.deleted_at for i in incidents),
        "deleted": sum(bool(i.deleted_at) for i in incidents),
        "without priority": sum(i.severity is None for i in incidents),
        "low urgency": sum(i.urgency == "low" for i in incidents),
        "of nobody's service": sum(i.service is None for i in incidents),
    }  # fmt: skip
    assert not [name for name, count in counts.items() if count == 0], counts
    assert len(incidents) > 300
    assert not any(i.service == "reverse-logistics" for i in incidents), "nothing watches it"
    assert len([name for _, name, ours in TOOL_SERVICES if ours == "checkout"]) == 2


def test_an_incident_is_caused_by_an_earlier_production_deployment_of_its_service(now: Truth) -> None:
    deployments = now.deployments | now.inbox_deployments
    for incident in now.incidents.values():
        if incident.caused_by:
            cause = deployments[incident.caused_by]
            assert cause.is_production and cause.service == incident.service
            assert cause.outcome in ("success", "failed")
            assert cause.finished_at is not None and cause.finished_at <= incident.started_at
        assert incident.linked_to in (None, incident.caused_by)


def test_pagerduty_shows_the_truth(company: Company) -> None:
    assert company.world.pagerduty is not None
    shown = {incident.id: incident for incident in company.world.pagerduty.incidents}
    paged = {key: i for key, i in company.truth.incidents.items() if i.source == "pagerduty"}
    assert set(shown) == set(paged)
    names = {id_: (name, ours) for id_, name, ours in TOOL_SERVICES}
    assert len({e.id for i in shown.values() for e in i.entries}) == sum(len(i.entries) for i in shown.values())
    for key, incident in shown.items():
        fact = paged[key]
        times = [entry.created_at for entry in incident.entries]
        assert times == sorted(times) and times[0] == incident.created_at == fact.started_at
        assert names[incident.service_id] == (fact.tool_service, fact.service)

        def of(kind: str, incident: Any = incident) -> list[datetime]:
            return [e.created_at for e in incident.entries if e.type == f"{kind}_log_entry"]

        assert of("resolve") == fact.resolved_times
        assert of("trigger")[1:] == fact.reopened_times
        assert of("acknowledge")[:1] == ([fact.acknowledged_at] if fact.acknowledged_at else [])
        assert of("escalate")[:1] == ([fact.escalated_at] if fact.escalated_at else [])
        assert {e.into for e in incident.entries} - {None} == ({fact.merged_into} if fact.merged_into else set())
        assert incident.deleted_at == fact.deleted_at
    assert [i.number for i in company.world.pagerduty.incidents] == list(range(1, len(shown) + 1))


def lines(company: Company, kind: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in company.inbox[f"{kind}/store-terminals.jsonl"].splitlines()]


def test_inbox_files_fit_their_schemas_and_say_the_truth(company: Company, now: Truth) -> None:
    found = {kind: lines(company, kind) for kind in ("deployments", "incidents")}
    text = company.inbox["security_findings/store-terminals.csv"]
    findings = [{k: v for k, v in row.items() if v} for row in csv.DictReader(io.StringIO(text))]
    for kind, records in found.items():
        assert [record_schema(kind).problem(record) for record in records] == [None] * len(records)
    flat = [{**row, "reopened_at": row.get("reopened_at", "").split()} for row in findings]
    assert [record_schema("security_findings").problem(row) for row in flat] == [None] * len(flat)
    assert {record["id"] for record in found["deployments"]} == set(now.inbox_deployments)
    last = {record["id"]: record for record in found["deployments"]}
    statuses = Counter(record["status"] for record in last.values())
    assert set(statuses) >= {"success", "failed", "failed_before_users", "rolled_back", "cancelled"}, statuses
    for key, deployment in now.inbox_deployments.items():
        assert datetime.fromisoformat(last[key]["started_at"]) == deployment.created_at
        assert last[key].get("repairs_deployment_id") == deployment.rollback_of
    of_inbox = {key: i for key, i in now.incidents.items() if i.source == "inbox"}
    assert {record["id"]: record for record in found["incidents"]}.keys() == of_inbox.keys()
    for record in found["incidents"][::-1]:
        check_incident(record, of_inbox[record["id"]])
    states = Counter(row["state"] for row in findings)
    assert set(states) == {"open", "fixed", "dismissed", "false_positive"}
    assert {row["id"] for row in findings} == set(now.inbox_findings)
    doubled = Counter(row["advisory"] for row in findings)
    assert max(doubled.values()) == 2 and any(f.reopened_times for f in now.inbox_findings.values())


def check_incident(record: dict[str, Any], fact: Incident) -> None:
    """What a line says is true; a first line says only that it began."""
    assert datetime.fromisoformat(record["started_at"]) == fact.started_at
    if "resolved_at" in record:
        assert datetime.fromisoformat(record["resolved_at"]) == fact.resolved_times[0]
        assert record.get("deployment_id") == fact.linked_to and record.get("duplicate_of") == fact.merged_into
