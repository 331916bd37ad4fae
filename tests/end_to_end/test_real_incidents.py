"""Recorded answers of a real PagerDuty account through the stream and its staging models, worked out again."""

from __future__ import annotations

import csv
import gzip
import json
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ingestion.config import load_config
from tests.end_to_end.one_night import PROJECT, Night, live_through
from tests.ingestion.vendor import ok, vendor

RECORDED = PROJECT.parent / "shared" / "real" / "pagerduty" / "_raw_pagerduty_incidents.csv.gz"
AS_OF = datetime(2022, 11, 4, tzinfo=UTC)
CONFIG = """organization: {name: Recorded, time_zone: UTC}
connections:
  - {name: pagerduty, type: pagerduty, base_url: 'http://127.0.0.1', token_env: TOKEN, start_date: 2022-10-01}
"""
pytestmark = pytest.mark.skipif(
    not RECORDED.is_file(), reason="the recorded data of ../shared/real are not beside this checkout"
)


@pytest.fixture(scope="module")
def recorded() -> list[dict[str, Any]]:
    """Incidents as the account gave them, each with its log entries inside."""
    csv.field_size_limit(sys.maxsize)
    with gzip.open(RECORDED, "rt", encoding="utf-8") as file:
        return [json.loads(row["data"]) for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def night(recorded: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Night:
    entries = sorted(
        (entry for incident in recorded for entry in incident["log_entries"]),
        key=lambda entry: entry["created_at"],
        reverse=True,
    )
    plain = [{name: value for name, value in incident.items() if name != "log_entries"} for incident in recorded]
    services = {i["service"]["id"]: {**i["service"], "name": i["service"]["summary"]} for i in recorded}
    lists = {"services": list(services.values()), "log_entries": entries, "incidents": plain}

    def reply(request: dict[str, Any]) -> Any:
        target = urlsplit(request["path"])
        name, asked = target.path.strip("/"), parse_qs(target.query)
        if name not in lists:
            return 402, {}, b'{"error": {"message": "Payment Required"}}'
        found = lists[name]
        if "statuses[]" in asked:
            found = [each for each in found if each["status"] in asked["statuses[]"]]
        return ok({name: found, "limit": 100, "offset": 0, "more": False, "total": None})

    folder = tmp_path_factory.mktemp("pagerduty")
    (folder / "config").mkdir()
    (folder / "config" / "connections.yml").write_text(CONFIG)
    with vendor() as double:
        double.reply = reply
        config = load_config(folder / "config", environ={"TOKEN": "x"}).with_base_urls({"pagerduty": double.url})
        return live_through(config, folder / "data", AS_OF, ["path:models/staging/pagerduty"])


def test_every_recorded_incident_and_log_entry_arrives_and_none_is_quarantined(
    night: Night, recorded: list[dict[str, Any]]
) -> None:
    assert night.query("select count(*) as n from raw_ingestion.quarantine") == [{"n": 0}]
    rows = night.query(
        "select incident_id, status, urgency, service_name, priority_name from staging.stg_pagerduty__incidents"
    )
    assert {row["incident_id"]: row for row in rows} == {
        i["id"]: {
            "incident_id": i["id"], "status": i["status"], "urgency": i["urgency"],
            "service_name": i["service"]["summary"], "priority_name": None,
        }
        for i in recorded
    }  # fmt: skip
    kept = [e for i in recorded for e in i["log_entries"] if e["type"] != "notify_log_entry"]
    assert night.query("select count(*) as n from staging.stg_pagerduty__log_entries") == [{"n": len(kept)}]
    assert len(recorded) >= 3 and len(kept) > 10


def test_times_are_those_of_the_recorded_log(night: Night, recorded: list[dict[str, Any]]) -> None:
    def times(incident: dict[str, Any], kind: str) -> list[datetime]:
        found = [e["created_at"] for e in incident["log_entries"] if e["type"] == f"{kind}_log_entry"]
        return sorted(datetime.fromisoformat(at).replace(tzinfo=None) for at in found)

    expected = {
        i["id"]: tuple(min(times(i, kind), default=None) for kind in ("trigger", "acknowledge", "escalate", "resolve"))
        for i in recorded
    }
    rows = night.query(
        """select incident_id, triggered_at, acknowledged_at, escalated_at, resolved_at, reopened_times
        from staging.stg_pagerduty__incident_times inner join staging.stg_pagerduty__incidents using (incident_key)"""
    )
    names = ("triggered_at", "acknowledged_at", "escalated_at", "resolved_at")
    assert {row["incident_id"]: tuple(row[name] for name in names) for row in rows} == expected
    assert all(row["reopened_times"] is None for row in rows)
    resolved = night.query("select incident_id, last_resolved_at from staging.stg_pagerduty__incidents")
    assert {r["incident_id"] for r in resolved if r["last_resolved_at"]} == {
        i["id"] for i in recorded if i["status"] == "resolved"
    }


def test_nothing_of_the_recorded_people_is_stored(night: Night, recorded: list[dict[str, Any]]) -> None:
    people = {e["agent"]["summary"] for i in recorded for e in i["log_entries"]
              if (e.get("agent") or {}).get("type") == "user_reference"}  # fmt: skip
    assert people
    stored = str(
        night.query("select payload::varchar as p from raw_pagerduty.incidents")
        + night.query("select payload::varchar as p from raw_pagerduty.log_entries")
        + night.query("select payload::varchar as p from raw_pagerduty.services")
    )
    assert not [name for name in people if name in stored]
