"""Vendors on a bad day: whatever goes wrong on the wire, the rows are those of an undisturbed night."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import KINDS, Faults
from sandbox.server import Server, serve
from tests.end_to_end.small_world import (
    HEADS,
    NEXT_NIGHT,
    NIGHT,
    START_DATE,
    counts,
    differences,
    raw_rows,
    smallest_world,
)
from tests.ingestion.nights import Nights, errors, github_connection, jira_connection, pagerduty_connection

pytestmark = pytest.mark.xdist_group("small_world")
PASSING = tuple(kind for kind in KINDS if kind != "html_page")
QUICK_SEEDS = range(3)
SOAK_SEEDS = range(3, 20)


def connections(server: Server) -> list[Any]:
    return [
        jira_connection(server.jira_url, start_date=START_DATE),
        github_connection(server, start_date=START_DATE),
        pagerduty_connection(server.pagerduty_url, start_date=START_DATE),
    ]


def problems_of(nights: Nights, server: Server, as_of: Any = NIGHT) -> dict[str, str]:
    """One night of all connections; what went wrong."""
    return {k: v for connection in connections(server) for k, v in errors(nights.run(connection, as_of)).items()}


def rows_of(nights: Nights, without: Any = None) -> dict[str, dict[str, Any]]:
    return raw_rows(nights.folder / "warehouse" / "warehouse.duckdb", without=without)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    nights = Nights(tmp_path_factory.mktemp("undisturbed"))
    with serve(smallest_world(), clock=NIGHT) as server:
        assert problems_of(nights, server) == {}
    yield rows_of(nights)


def without_moves(touched: dict[str, Any]) -> Any:
    """Takes out of a row what the fault `moving_records` changes: the update time of what it moved."""

    @cache
    def moved(id_: str) -> bool:
        return id_.partition(":")[2] in touched

    def clean(table: str, id_: str, row: Any) -> Any:
        updated, fetched, payload = row
        if table == "github.repositories":
            payload = {name: value for name, value in payload.items() if name not in HEADS}
        elif moved(id_):
            updated = None
            payload = {name: value for name, value in payload.items() if name != "updatedAt"}
            if "fields" in payload:
                payload["fields"] = {name: value for name, value in payload["fields"].items() if name != "updated"}
        return updated, fetched, payload

    return clean


def live_through_faults(folder: Path, undisturbed: dict[str, dict[str, Any]], faults: Faults) -> None:
    """A night with faults that pass has the rows of one without; the next good night reads what moved meanwhile."""
    nights, calm = Nights(folder / "faulty"), Nights(folder / "calm")
    with serve(smallest_world(), clock=NIGHT, faults=faults) as server:
        assert problems_of(nights, server) == {}
        assert faults.injected.total() >= 1
        clean = without_moves(dict(server.settings.touched))
        plain = {
            table: {id_: clean(table, id_, row) for id_, row in rows.items()} for table, rows in undisturbed.items()
        }
        assert differences(rows_of(nights, clean), plain) == []
        if not server.settings.touched:
            return
        faults.rate = 0.0
        server.clock = NEXT_NIGHT
        assert problems_of(nights, server, NEXT_NIGHT) == {}
        assert problems_of(calm, server, NEXT_NIGHT) == {}
    assert differences(rows_of(nights, without_times), rows_of(calm, without_times)) == []


def without_times(table: str, id_: str, row: Any) -> Any:
    """A row without the time of the night that read it."""
    updated, _, payload = row
    return updated, {name: value for name, value in payload.items() if name != "at"}


@pytest.mark.parametrize("seed", QUICK_SEEDS)
def test_faults_that_pass_change_no_row(undisturbed: dict[str, dict[str, Any]], tmp_path: Path, seed: int) -> None:
    live_through_faults(tmp_path, undisturbed, Faults(seed, 0.25, PASSING, slow_seconds=0.02))


@pytest.mark.soak
@pytest.mark.parametrize("seed", SOAK_SEEDS)
def test_faults_that_pass_change_no_row_with_more_seeds(
    undisturbed: dict[str, dict[str, Any]], tmp_path: Path, seed: int
) -> None:
    kinds = PASSING if seed % 3 else (PASSING[seed % len(PASSING)], "moving_records", "repeated_records")
    live_through_faults(tmp_path, undisturbed, Faults(seed, 0.4, kinds, in_a_row=3, slow_seconds=0.02))


def test_login_page_in_place_of_json_stops_a_connection_and_the_next_night_goes_on(
    undisturbed: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    nights = Nights(tmp_path)
    faults = Faults(1, 0.2, ("html_page",), in_a_row=1)
    with serve(smallest_world(), clock=NIGHT, faults=faults) as server:
        found = problems_of(nights, server)
        assert any("answers with an HTML page in place of JSON" in text for text in found.values())
        assert all(text.startswith("failed: ") for text in found.values())
        waiting = connections(server)
        for _ in range(30):
            waiting = [connection for connection in waiting if errors(nights.run(connection, NIGHT))]
        assert waiting == [], "thirty nights were not enough"
    assert differences(rows_of(nights), undisturbed) == []
    assert min(counts(rows_of(nights))[table] for table in ("jira.issues", "github.pull_requests")) > 100
    assert counts(rows_of(nights))["pagerduty.incidents"] > 50
