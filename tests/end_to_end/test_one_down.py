"""One connection down: the others finish and are published, its scopes are stale, the night ends red with the cure."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.server import Server, serve
from tests.end_to_end.command import PROJECT, Installation, github_entry, jira_entry
from tests.end_to_end.small_world import NIGHT, small_world
from tests.ingestion.nights import Nights, github_connection, jira_connection
from tests.ingestion.vendor import Answer, Vendor, vendor
from tests.sandbox.tiny_world import CLOCK, tiny_world

TOKENS = {"JIRA_TOKEN": "t0ken-of-jira", "GITHUB_TOKEN": "t0ken-of-github"}
SINCE = 'start_date: 2024-12-01, projects: "*"', 'start_date: 2024-12-01, repositories: ["acme/*"]'
REFUSED: Answer = (401, {"Content-Type": "application/json"}, b'{"message": "Bad credentials"}')
SIGN_IN: Answer = (200, {"Content-Type": "text/html"}, b"<html><body>Sign in</body></html>")


@pytest.mark.parametrize(
    ("answer", "error", "cure"),
    [
        (REFUSED, "the credentials are refused (401)", "check the token in token_env"),
        (SIGN_IN, "answers with an HTML page in place of JSON", "base_url must be the API's address"),
        ("reset", "cannot be reached", "check base_url and the network"),
    ],
)
def test_connection_that_is_down_fails_with_cause_and_cure_and_the_other_is_read(
    tmp_path: Path, answer: Any, error: str, cure: str
) -> None:
    nights = Nights(tmp_path)
    with serve(tiny_world(), clock=CLOCK) as server, vendor() as double:
        double.answers = [answer]
        nights.run(github_connection(server), CLOCK)
        before = nights.raw("github.pull_requests")
        down = nights.run(github_connection(Down(double)), CLOCK + timedelta(days=1))
        up = nights.run(jira_connection(server.jira_url), CLOCK + timedelta(days=1))
    assert {run.status for run in up.values()} == {"ok"}
    assert {run.status for run in down.values()} == {"failed"}
    assert error in str(down["repositories"].error) and cure in str(down["repositories"].cure)
    assert all(error in str(run.error) for run in down.values()), "every stream says the cause"
    assert nights.raw("github.pull_requests") == before and before
    recorded = nights.query(
        "select connection, status, count(*) from raw_ingestion.stream_runs "
        f"where as_of = '{(CLOCK + timedelta(days=1)).replace(tzinfo=None)}' group by all order by all"
    )
    assert recorded == [("github", "failed", len(down)), ("jira", "ok", len(up))]


class Down:
    """The addresses of a GitHub that is down."""

    def __init__(self, double: Vendor) -> None:
        self.github_url = f"{double.url}/api/v3"
        self.graphql_url = f"{double.url}/api/graphql"


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[tuple[Installation, Server]]:
    """The shipped configuration over a part of Acme."""
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    with serve(small_world(), clock=NIGHT) as server:
        yield Installation(tmp_path, tmp_path / "data", is_small=False), server


def families(installation: Installation, quality: str) -> set[str]:
    """Families of published values of that data quality."""
    with duckdb.connect(str(installation.data / "published" / "flowlight.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select distinct dim.family from core.fct_metric_values as value "
            "inner join core.metric_catalogue as dim on value.metric = dim.metric where data_quality = ?",
            [quality],
        ).fetchall()
    return {row[0] for row in rows}


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_night_with_a_connection_down_publishes_the_others_and_marks_its_scopes_stale(
    acme: tuple[Installation, Server],
) -> None:
    installation, server = acme
    surveys = "name: surveys, type: survey_files"
    jira = jira_entry(server.url, SINCE[0])
    installation.connect(jira, github_entry(server.github_url, SINCE[1]), surveys)
    good = installation.flowlight("nightly", "--as-of", NIGHT.isoformat(), **TOKENS)
    assert good.code == 0, good.text
    assert families(installation, "stale") == set()
    assert "delivery" in families(installation, "ok")

    server.clock = NIGHT + timedelta(days=1)
    with vendor() as double:
        double.answers = [REFUSED]
        installation.connect(jira, github_entry(f"{double.url}/api/v3", SINCE[1]), surveys)
        red = installation.flowlight("nightly", "--as-of", server.clock.isoformat(), **TOKENS)
    assert red.code == 1, red.text
    causes = [line for line in red.out.splitlines() if line.startswith("- ")]
    assert len(causes) == 1 and causes[0].startswith("- github (repositories, pull_requests, "), red.out
    assert "the credentials are refused (401)" in causes[0] and "check the token in GITHUB_TOKEN" in causes[0]
    assert "as of 2026-07-02T02:00:00Z" in red.out, "published all the same"
    assert families(installation, "stale") == {"delivery", "security", "ci"}
    assert {"flow", "outcomes"} <= families(installation, "ok")

    installation.connect(jira, github_entry(server.github_url, SINCE[1]), surveys)
    mended = installation.flowlight("nightly", "--as-of", server.clock.isoformat(), **TOKENS)
    assert mended.code == 0, mended.text
    assert families(installation, "stale") == set()
