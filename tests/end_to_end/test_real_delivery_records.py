"""Recorded answers of GitHub (commits, runs, jobs, alerts, releases, tags) through the streams' hooks into staging."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion.extract import encode
from ingestion.landing import LandingZone
from ingestion.load import Warehouse
from ingestion.sources.github import GITHUB
from ingestion.stream import Slice
from sandbox.recorded import git_world
from sandbox.server import serve
from tests.end_to_end.one_night import PROJECT, Night, build_models
from tests.ingestion.nights import Nights, errors, github_connection

REAL = PROJECT.parent / "shared" / "real"
REPLAY, RAW = REAL / "github" / "replay", REAL / "github" / "devlake_rest_raw_tables"
AT = datetime(2026, 7, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.skipif(not REAL.is_dir(), reason="the recorded data of ../shared/real are not beside this checkout"),
    pytest.mark.timeout(600),
]


def table(name: str) -> list[dict[str, Any]]:
    """The JSON column of a raw table."""
    csv.field_size_limit(1 << 30)
    with gzip.open(RAW / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [json.loads(row["data"]) for row in csv.DictReader(file)]


def replayed(pattern: str) -> list[Any]:
    """The JSON bodies of recorded exchanges."""
    bodies = []
    for path in sorted(REPLAY.glob(pattern)):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            if line[:2] in ('{"', "[{"):
                try:
                    bodies.append(json.loads(line))
                except json.JSONDecodeError:
                    continue  # headers of the request, as Python prints them
    return bodies


def hooked(event: str, member: str) -> list[dict[str, Any]]:
    """The records inside examples of webhooks."""
    events = json.loads(gzip.decompress((REAL / "github" / "webhook_examples.json.gz").read_bytes()))
    return [x[member] for e in events if e["name"] == event for x in e["examples"]]


def flat(bodies: Iterable[Any], needed: str) -> list[dict[str, Any]]:
    found = [record for body in bodies for record in (body if isinstance(body, list) else [body])]
    return [record for record in found if needed in record]


def records() -> dict[str, list[dict[str, Any]]]:
    """Recorded records by stream; each record is its own, also where it was recorded twice."""
    jobs = [job for body in replayed("WorkflowRun.test_jobs*") for job in body.get("jobs", ())]
    return {
        "commits": table("_raw_github_api_pull_request_commits"),
        "workflow_runs": [*table("_raw_github_api_runs"), *flat(replayed("WorkflowRun.*"), "run_number"),
                          *hooked("workflow_run", "workflow_run")],
        "workflow_jobs": [*table("_raw_github_api_jobs"), *jobs, *hooked("workflow_job", "workflow_job")],
        "dependabot_alerts": [*flat(replayed("DependabotAlert.*"), "security_advisory"),
                              *hooked("dependabot_alert", "alert")],
        "code_scanning_alerts": [*flat(replayed("CodeScanAlert.*"), "rule"), *hooked("code_scanning_alert", "alert")],
        "secret_scanning_alerts": flat(replayed("SecretScanAlert.*"), "secret_type"),
    }  # fmt: skip


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("recorded")
    warehouse, marts = folder / "warehouse" / "warehouse.duckdb", folder / "warehouse" / "marts.duckdb"
    with Warehouse(warehouse) as raw:
        raw.ensure_tables()
        for name, found in records().items():
            zone = LandingZone(folder / "landing" / "github").stream(name)
            run = zone.begin([], as_of=AT, full=True)
            for number, record in enumerate(found):
                repository = {"id": f"R_{number}", "nameWithOwner": "recorded/one"}
                slice_ = Slice(extra={"repository": repository, "missing": []})
                zone.write_page(run, encode(GITHUB.stream(name), [record], slice_, "2026-07-01T00:00:00"))
            zone.finish(run)
            raw.load(zone, connection="github", source="github", stream=name, as_of=AT)
    build_models(warehouse, marts, folder / "dbt", ["path:models/staging/github"])
    return Night(warehouse, marts, ())


def test_no_valid_record_is_quarantined(night: Night) -> None:
    assert night.query("select stream, reason, record from raw_ingestion.quarantine") == []
    for name, found in records().items():
        of = GITHUB.stream(name)
        named = [{"id": f"R_{n}", "nameWithOwner": "recorded/one"} for n in range(len(found))]
        slices = [Slice(extra={"repository": repository, "missing": []}) for repository in named]
        keys = {encode(of, [record], at, "")[0].split(b'"')[3] for record, at in zip(found, slices, strict=True)}
        assert night.query(f"select count(*) as n from raw_github.{name}") == [{"n": len(keys)}], name
        assert night.query(f"select count(*) as n from staging.stg_github__{name}") == [{"n": len(keys)}], name
        assert len(keys) >= 2, name


def test_recorded_runs_and_jobs_have_states_and_times(night: Night) -> None:
    runs = night.query("select * from staging.stg_github__workflow_runs")
    assert {row["status"] for row in runs} >= {"completed", "in_progress", "queued"}
    assert all(row["conclusion"] is None or row["conclusion"] == row["conclusion"].lower() for row in runs)
    assert {row["attempt_number"] for row in runs} >= {1, 2}
    assert all(row["created_at"] is not None and row["commit_oid"] for row in runs)
    jobs = night.query("select * from staging.stg_github__workflow_jobs where conclusion = 'success'")
    assert jobs and all(row["started_at"] <= row["completed_at"] for row in jobs)


def test_recorded_alerts_have_severity_state_and_advisory(night: Night) -> None:
    dependabot = night.query("select * from staging.stg_github__dependabot_alerts")
    assert {row["state"] for row in dependabot} >= {"open", "dismissed", "fixed"}
    assert all(row["ghsa_id"].startswith("GHSA-") and row["severity"] and row["package_name"] for row in dependabot)
    assert {row["state"] for row in night.query("select state from staging.stg_github__code_scanning_alerts")} >= {
        "open", "fixed",
    }  # fmt: skip
    secrets = night.query("select * from staging.stg_github__secret_scanning_alerts")
    assert all(row["secret_type"] and row["created_at"] for row in secrets)
    literals = {r["secret"] for r in records()["secret_scanning_alerts"] if r.get("secret")}
    landed = " ".join(
        r["text"] for r in night.query("select payload::varchar as text from raw_github.secret_scanning_alerts")
    )
    assert literals and not any(literal in landed for literal in literals)


def test_recorded_tags_of_a_repository_arrive_as_tags_and_releases(tmp_path: Path) -> None:
    world = git_world(REAL / "git" / "alloy_commits.csv.gz", REAL / "git" / "alloy_tags.csv.gz")
    nights = Nights(tmp_path)
    with serve(world) as server:
        connection = github_connection(server, ["recorded/git"], start_date=datetime(2000, 1, 1, tzinfo=UTC).date())
        assert errors(nights.run(connection, world.default_clock)) == {}
    with gzip.open(REAL / "git" / "alloy_tags.csv.gz", "rt", encoding="utf-8", newline="") as file:
        recorded = {row["tag"]: row for row in csv.DictReader(file)}
    tags = {t["name"]: t for t in (json.loads(p) for _, _, p in nights.raw("github.tags"))}
    assert len(tags) == len(recorded) == 163
    assert {name: tag["oid"] for name, tag in tags.items()} == {n: row["commit_sha"] for n, row in recorded.items()}
    assert {n for n, t in tags.items() if t["isAnnotated"]} == {
        n for n, r in recorded.items() if r["object_type"] == "tag"
    }
    assert nights.query(
        "select count(*), count(distinct payload->>'$.tagCommit.oid') > 100 from raw_github.releases"
    ) == [(163, True)]
    assert nights.query("select count(*) from raw_github.commits") == [(4389,)], "what the default branch holds"
