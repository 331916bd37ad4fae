"""PagerDuty: what lands, what a night asks for, incidents that change late, are merged, vanish and come back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.sources import SOURCES
from ingestion.sources.pagerduty import PAGERDUTY
from ingestion.sync import sync_connection
from sandbox.server import Server, serve
from sandbox.world import PagerdutyWorld, World
from tests.ingestion.nights import Nights, errors, pagerduty_connection
from tests.sandbox.tiny_world import CLOCK, at, incident, many_incidents, pagerduty


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def world(account: PagerdutyWorld | None = None) -> World:
    return World(CLOCK, pagerduty=account or pagerduty())


def rows(nights: Nights, stream: str) -> dict[str, Any]:
    return {id_: json.loads(payload) for id_, _, payload in nights.raw(f"pagerduty.{stream}")}


def asked(server: Server) -> list[str]:
    """What was asked since the last look."""
    found = [request["path"].removeprefix("/pagerduty/") for request in server.requests]
    server.requests.clear()
    return found


def night(nights: Nights, server: Server, when: datetime, **more: Any) -> dict[str, str]:
    server.clock = when
    return errors(nights.run(pagerduty_connection(server.pagerduty_url, **more), when))


def test_first_load_lands_everything_without_people(nights: Nights) -> None:
    with serve(world(), clock=CLOCK) as server:
        assert night(nights, server, CLOCK) == {}
        assert asked(server) == ["services", "priorities", "log_entries", "incidents", "incidents"]
    assert rows(nights, "services")["PSHOP01"] == {
        "id": "PSHOP01", "name": "Shop", "status": "active", "created_at": "2025-01-01T00:00:00Z",
        "html_url": "https://acme.pagerduty.com/service-directory/PSHOP01",
    }  # fmt: skip
    assert {id_: row["rank"] for id_, row in rows(nights, "priorities").items()} == {
        "PRIO01": 1, "PRIO02": 2, "PRIO03": 3,
    }  # fmt: skip
    found = rows(nights, "incidents")
    assert found["Q001"] == {
        "id": "Q001", "incident_number": 1, "title": "Trouble 1", "status": "resolved", "urgency": "high",
        "created_at": "2026-02-01T10:00:00Z", "updated_at": "2026-02-01T11:00:00Z",
        "last_status_change_at": "2026-02-01T11:00:00Z", "resolved_at": "2026-02-01T11:00:00Z",
        "html_url": "https://acme.pagerduty.com/incidents/Q001",
        "alert_counts": {"all": 1, "triggered": 0, "resolved": 1}, "incident_type": {"name": "incident_default"},
        "service": {"id": "PSHOP01", "summary": "Shop"}, "priority": {"id": "PRIO02", "summary": "P2"},
        "resolve_reason": None,
    }  # fmt: skip
    assert {id_: row["status"] for id_, row in found.items()} == {
        "Q001": "resolved", "Q002": "resolved", "Q003": "acknowledged", "Q004": "acknowledged", "Q005": "resolved",
    }  # fmt: skip
    assert found["Q005"]["resolve_reason"] == {"type": "merge_resolve_reason", "incident": {"id": "Q003"}}
    assert found["Q002"]["priority"] is None
    log = rows(nights, "log_entries")
    assert log["R0013"] == {
        "id": "R0013", "type": "escalate_log_entry", "created_at": "2026-02-01T10:30:00Z",
        "incident": {"id": "Q001"}, "agent": {"type": "user_reference"}, "channel": {"type": "auto"},
    }  # fmt: skip
    assert "R0011" not in log, "who was notified is left out"
    assert len(log) == 4 + 4 + 2 + 2 + 2
    everything = str([nights.raw(f"pagerduty.{s}") for s in ("services", "priorities", "incidents", "log_entries")])
    for personal in ("Ann", "user_reference'", "Engineering", "PTEAM01", "PPOLICY"):
        assert personal not in everything


def test_a_quiet_night_asks_five_times_and_changes_no_row(nights: Nights) -> None:
    with serve(world(), clock=CLOCK) as server:
        night(nights, server, CLOCK)
        asked(server)
        before = [nights.raw(f"pagerduty.{s}", "*") for s in ("services", "priorities", "incidents", "log_entries")]
        assert night(nights, server, CLOCK + timedelta(hours=6)) == {}
        assert asked(server) == ["services", "priorities", "log_entries", "incidents", "incidents"]
    after = [nights.raw(f"pagerduty.{s}", "*") for s in ("services", "priorities", "incidents", "log_entries")]
    assert after == before


def test_an_old_incident_that_changes_is_read_by_its_id(nights: Nights) -> None:
    """Q004 was created two months before it is resolved: no window shows it, its log entry does."""
    with serve(world(), clock=CLOCK) as server:
        night(nights, server, CLOCK)
        night(nights, server, at("03-03T02"))
        asked(server)
        assert night(nights, server, at("03-05T02")) == {}
        assert asked(server)[3:] == ["incidents/Q003", "incidents/Q004", "incidents", "incidents"]
    found = rows(nights, "incidents")
    assert found["Q003"]["resolved_at"] == "2026-03-03T08:00:00Z"
    assert found["Q004"]["resolved_at"] == "2026-03-04T08:00:00Z"


def test_what_was_open_at_the_start_date_is_loaded_and_what_was_closed_before_is_not(nights: Nights) -> None:
    account = pagerduty()
    account.incidents.append(incident(6, "01-06T10:00", ("resolve", "02-25T10:00")))
    account.incidents.append(incident(7, "01-07T10:00", ("resolve", "01-08T10:00")))
    with serve(world(account), clock=CLOCK) as server:
        assert night(nights, server, CLOCK, start_date=date(2026, 2, 20)) == {}
        assert asked(server)[-1] == "incidents/Q006"
    assert sorted(rows(nights, "incidents")) == ["Q003", "Q004", "Q005", "Q006"]


def test_history_is_read_in_windows_of_half_a_year(nights: Nights) -> None:
    with serve(world(), clock=CLOCK) as server:
        assert night(nights, server, CLOCK, start_date=date(2024, 12, 1)) == {}
        windows = [r["query"] for r in server.requests if "since" in r["query"] and r["path"].endswith("incidents")]
    assert len(windows) == 3
    assert sorted(rows(nights, "incidents")) == ["Q001", "Q002", "Q003", "Q004", "Q005"]


def test_an_interrupted_night_loses_no_change(nights: Nights) -> None:
    """The log entries were read, the incidents not: the next night still knows which ones they named."""
    with serve(world(), clock=CLOCK) as server:
        night(nights, server, CLOCK)
        server.clock = at("03-05T02")
        connection = pagerduty_connection(server.pagerduty_url)
        with nights.warehouse() as warehouse, pytest.MonkeyPatch.context() as patch:
            patch.setitem(SOURCES, "pagerduty", replace(PAGERDUTY, streams=PAGERDUTY.streams[:3]))
            sync_connection(connection, config=None, data=nights.folder, warehouse=warehouse, as_of=server.clock)
        assert rows(nights, "incidents")["Q004"]["status"] == "acknowledged"
        assert night(nights, server, at("03-20T02")) == {}
    assert rows(nights, "incidents")["Q003"]["status"] == "resolved"
    assert rows(nights, "incidents")["Q004"]["status"] == "resolved"


def test_a_vanished_incident_is_stale_first_and_absent_when_a_later_night_confirms(nights: Nights) -> None:
    account = pagerduty()
    account.incidents[3].deleted_at = at("03-02T12")
    with serve(world(account), clock=CLOCK) as server:
        night(nights, server, CLOCK)
        problem = night(nights, server, at("03-03T02"))
        assert list(problem) == ["incidents"]
        assert problem["incidents"] == "stale: incident Q004 is no longer found"
        first = rows(nights, "incidents")["Q004"]
        assert (first["status"], first["absent_since"]) == ("acknowledged", "2026-03-03T02:00:00+00:00")
        assert night(nights, server, at("03-04T02")) == {}
        assert rows(nights, "incidents")["Q004"] == {**first, "absent_confirmed_at": "2026-03-04T02:00:00+00:00"}
        asked(server)
        assert night(nights, server, at("03-05T02")) == {}
        assert asked(server)[-1] == "incidents/Q004"
        assert night(nights, server, at("04-10T02")) == {}
        asked(server)
        assert night(nights, server, at("04-11T02")) == {}
        assert "incidents/Q004" not in asked(server), "asked for during thirty days"
    assert rows(nights, "incidents")["Q004"]["absent_confirmed_at"] == "2026-03-04T02:00:00+00:00"


def test_an_incident_that_comes_back_is_no_longer_absent(nights: Nights) -> None:
    account = pagerduty()
    account.hidden_services = {"PSHOP01": [(at("03-02T12"), at("03-05"))]}
    with serve(world(account), clock=CLOCK) as server:
        night(nights, server, CLOCK)
        assert "stale" in night(nights, server, at("03-03T02"))["incidents"]
        night(nights, server, at("03-04T02"))
        assert rows(nights, "incidents")["Q003"]["absent_confirmed_at"]
        assert night(nights, server, at("03-05T02")) == {}
    assert "absent_since" not in rows(nights, "incidents")["Q003"]
    assert rows(nights, "incidents")["Q003"]["status"] == "resolved"


def test_an_account_without_priorities_is_read_all_the_same(nights: Nights) -> None:
    account = pagerduty()
    account.has_priorities = False
    with serve(world(account), clock=CLOCK) as server:
        problem = night(nights, server, CLOCK)
    assert list(problem) == ["priorities"] and problem["priorities"].startswith("not_available")
    assert "402" in problem["priorities"] and "abilities" in problem["priorities"]
    assert len(rows(nights, "incidents")) == 5


def test_more_incidents_than_the_vendor_counts_are_read_in_smaller_windows(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.pagerduty_double.REACH", 300)
    streams = [replace(s, paginator=replace(s.paginator, reach=300)) for s in PAGERDUTY.streams]  # type: ignore[type-var]
    monkeypatch.setitem(SOURCES, "pagerduty", replace(PAGERDUTY, streams=tuple(streams)))
    with serve(many_incidents(1000), clock=CLOCK) as server:
        assert night(nights, server, CLOCK) == {}
        assert max(int(r["query"].split("offset=")[1].split("&")[0]) for r in server.requests) == 200
    assert len(rows(nights, "incidents")) == 1000
    assert len(rows(nights, "log_entries")) == 3000
