"""`kill -9` at any moment, then again: the rows of an undisturbed night, and no committed page asked for twice."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.server import Server, serve
from tests.end_to_end.small_world import NIGHT, differences, raw_rows, small_world

CONNECTIONS = ("jira", "github", "pagerduty")
ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.xdist_group("small_world")


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """A night that nobody killed. moments: how many requests, renames and commits it took."""

    server: Server
    rows: dict[str, dict[str, Any]]
    moments: dict[str, int]


def night(server: Server, folder: Path, kill: list[Any] | None = None) -> int:
    """A night of all connections in a process; its exit code (-9: killed)."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = {
        "jira_url": server.jira_url,
        "github_url": server.github_url,
        "graphql_url": server.graphql_url,
        "pagerduty_url": server.pagerduty_url,
        "data": str(folder),
        "log": str(folder / "events.log"),
        "as_of": NIGHT.isoformat(),
        "kill": kill,
    }
    command = [sys.executable, "-m", "tests.end_to_end.killed_night", json.dumps(asked)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.returncode


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events.log").read_text().splitlines()]


def rows_of(folder: Path) -> dict[str, dict[str, Any]]:
    return raw_rows(folder / "warehouse" / "warehouse.duckdb")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    folder = tmp_path_factory.mktemp("undisturbed")
    with serve(small_world(), clock=NIGHT) as server:
        assert night(server, folder) == 0
        ended = events(folder)[-1]
        assert ended["kind"] == "ended" and ended["bad"] == []
        rows = rows_of(folder)
        assert min(len(rows[table]) for table in ("jira.issues", "jira.changelogs", "github.pull_requests")) > 250
        assert len(rows["pagerduty.log_entries"]) > 250
        yield Undisturbed(server, rows, ended["counts"])


def pages_asked_again(log: list[dict[str, Any]]) -> list[str]:
    """Pages that were asked for although their answer had been committed."""
    pending: dict[str, list[str]] = {name: [] for name in CONNECTIONS}
    committed: set[str] = set()
    again = []
    for event in log:
        if event["kind"] == "begun":
            pending = {name: [] for name in pending}
        elif event["kind"] == "sent" and event["paged"]:
            if event["key"] in committed:
                again.append(f"{event['what']} {event['key']}")
            pending[event["connection"]].append(event["key"])
        elif event["kind"] == "committed":
            committed |= set(pending[event["connection"]])
            pending[event["connection"]] = []
    return again


def pages_lost(log: list[dict[str, Any]]) -> dict[str, int]:
    """By connection, pages that were asked for and not committed when the process was killed; the most of all kills."""
    lost = dict.fromkeys(CONNECTIONS, 0)
    pending = dict.fromkeys(lost, 0)
    for event in log:
        if event["kind"] == "sent" and event["paged"]:
            pending[event["connection"]] += 1
        elif event["kind"] == "committed":
            pending[event["connection"]] = 0
        elif event["kind"] == "begun":
            lost = {name: max(lost[name], pending[name]) for name in lost}
            pending = dict.fromkeys(lost, 0)
    return lost


def random_moment(chance: random.Random, moments: dict[str, int]) -> list[Any]:
    """A request, a rename, a commit of the warehouse, or a time."""
    what = chance.choice([*sorted(moments), "seconds"])
    if what == "seconds":
        return [what, chance.uniform(0.3, 4.0)]
    return [what, chance.randint(1, moments[what]), chance.choice(["before", "after"])]


def kill_and_go_on(undisturbed: Undisturbed, folder: Path, kill: list[Any]) -> None:
    """A killed night, then a whole one on the same folder, which must leave what an undisturbed one leaves."""
    code = night(undisturbed.server, folder, kill)
    assert code == -signal.SIGKILL or kill[0] == "seconds"
    assert night(undisturbed.server, folder) == 0
    log = events(folder)
    assert log[-1]["bad"] == []
    assert differences(rows_of(folder), undisturbed.rows) == []
    if code == 0:
        return
    assert pages_asked_again(log) == []
    assert max(pages_lost(log).values()) <= 1, "more than the page in flight was lost"


def test_night_killed_at_a_request_goes_on_where_it_was(undisturbed: Undisturbed, tmp_path: Path) -> None:
    kill_and_go_on(undisturbed, tmp_path, ["request", int(undisturbed.moments["request"] * 0.6), "after"])


def test_night_killed_within_a_load_leaves_the_page_loaded_or_not(undisturbed: Undisturbed, tmp_path: Path) -> None:
    kill_and_go_on(undisturbed, tmp_path, ["commit", int(undisturbed.moments["commit"] * 0.6), "before"])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_night_killed_at_random_leaves_the_rows_of_an_undisturbed_one(
    undisturbed: Undisturbed, tmp_path: Path, seed: int
) -> None:
    kill_and_go_on(undisturbed, tmp_path, random_moment(random.Random(f"kill {seed}"), undisturbed.moments))


@pytest.mark.soak
def test_night_killed_again_and_again_ends_with_the_same_rows(undisturbed: Undisturbed, tmp_path: Path) -> None:
    chance = random.Random("again and again")
    killed = 0
    for _ in range(12):
        what = chance.choice(["request", "rename"])
        moment = [what, chance.randint(3, 14), chance.choice(["before", "after"])]
        killed += night(undisturbed.server, tmp_path, moment) != 0
    assert killed >= 8
    assert night(undisturbed.server, tmp_path) == 0
    assert differences(rows_of(tmp_path), undisturbed.rows) == []
    assert max(pages_lost(events(tmp_path)).values()) <= 1
