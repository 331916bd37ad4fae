"""Releases, tags, runs, jobs and alerts of a part of Acme, through a night into staging: row by row what happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ingestion.config import load_config
from sandbox.pulls import AI_TRAILER
from sandbox.server import serve
from sandbox.truth import Truth
from tests.end_to_end.one_night import Night, live_through
from tests.end_to_end.small_world import NIGHT, company, cut

REPOSITORIES = (
    "acme/returns",
    "acme/mobile-app",
    "acme/search-engine",
    "acme/parcel-hub",
    "acme/toolbox",
    "acme/warehouse",
)
CONNECTIONS = """\
organization: {name: Part of Acme, time_zone: Europe/Berlin}
connections:
  - {name: github, type: github, base_url: 'https://api.example.com', token_env: TOKEN, repositories: ["acme/*"],
     start_date: 2024-12-01}
"""

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("delivery_sources")
    (folder / "connections.yml").write_text(CONNECTIONS)
    with serve(cut((), REPOSITORIES), clock=NIGHT) as server:
        config = load_config(folder, environ={"TOKEN": "x"}).with_base_urls({"github": server.github_url})
        return live_through(config, folder / "data", NIGHT, ["path:models/staging/github"])


@pytest.fixture(scope="module")
def now() -> Truth:
    return company().truth.at(NIGHT)


def plain(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=None) if at else None


def names(night: Night) -> dict[str, str]:
    rows = night.query("select repository_key, name_with_owner from staging.stg_github__repositories")
    return {row["repository_key"]: row["name_with_owner"] for row in rows}


def rows(night: Night, model: str, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a staging model with the name of their repository, in order."""
    of = names(night)
    found = night.query(f"select repository_key, {', '.join(columns)} from staging.stg_github__{model}")
    return sorted(((of[row["repository_key"]], *(row[name] for name in columns)) for row in found), key=repr)


def test_every_attempt_of_every_run_arrives(night: Night, now: Truth) -> None:
    expected = [
        (run.repository, str(run.run_id), number, run.event, run.branch, run.head_oid, attempt.conclusion,
         plain(run.created_at), plain(attempt.started_at), plain(attempt.finished_at))
        for run in now.workflow_runs.values()
        if run.repository in REPOSITORIES
        for number, attempt in enumerate(run.attempts, 1)
    ]  # fmt: skip
    found = rows(night, "workflow_runs", "run_id", "attempt_number", "event", "branch_name", "commit_oid", "conclusion",
                 "created_at", "started_at", "completed_at")  # fmt: skip
    assert found == sorted(expected, key=repr) and len(found) > 3000


def test_jobs_of_deployments_arrive_and_those_of_ci_are_not_asked_for(night: Night, now: Truth) -> None:
    expected = [
        (run.repository, str(run.run_id), number, job.name, job.conclusion,
         None if job.conclusion == "skipped" else plain(job.started_at), plain(job.finished_at))
        for run in now.workflow_runs.values()
        if run.repository in REPOSITORIES and run.kind == "deploy" and run.conclusion is not None
        for number, attempt in enumerate(run.attempts, 1)
        for job in attempt.jobs
    ]  # fmt: skip
    of = names(night)
    found = night.query("select *, split_part(run_key, ':', 2) as run_id from staging.stg_github__workflow_jobs")
    columns = ("run_id", "attempt_number", "job_name", "conclusion", "started_at", "completed_at")
    found = sorted(((of[row["repository_key"]], *(row[name] for name in columns)) for row in found), key=repr)
    assert found == sorted(expected, key=repr) and len(found) > 500


def test_releases_and_tags_arrive(night: Night, now: Truth) -> None:
    there = [
        r
        for r in now.releases.values()
        if r.repository in REPOSITORIES and (r.deleted_at is None or r.deleted_at > NIGHT)
    ]
    assert rows(night, "releases", "release_id", "tag_name", "commit_oid", "is_prerelease", "is_draft",
                "published_at", "is_deleted") == sorted(
        ((r.repository, r.release_id, r.tag_name, r.commit_oid if r.published_at else None, r.is_prerelease,
          r.published_at is None, plain(r.published_at), False) for r in there if r.release_id),
        key=repr,
    )  # fmt: skip
    assert rows(night, "tags", "tag_name", "commit_oid", "tagged_at", "is_deleted") == sorted(
        ((r.repository, r.tag_name, r.commit_oid, plain(r.made_at) if r.release_id else None, False)
         for r in there if r.published_at),
        key=repr,
    )  # fmt: skip


KINDS = {
    "dependabot_alerts": ("dependabot", "dismissed_reason", "severity"),
    "code_scanning_alerts": ("code_scanning", "dismissed_reason", "severity"),
    "secret_scanning_alerts": ("secret_scanning", "resolution", "'critical' as severity"),
}


@pytest.mark.parametrize("model", KINDS)
def test_alerts_arrive_as_they_are_now(night: Night, now: Truth, model: str) -> None:
    kind, reason, severity = KINDS[model]
    of = names(night)
    found = night.query(
        f"select repository_key, alert_number, state, {reason} as reason, {severity}, created_at, updated_at"
        f" from staging.stg_github__{model}"
    )
    expected = [
        (f.repository, f.number, f.state, f.changes[-1][2] if f.changes else None, f.severity, plain(f.created_at),
         plain(f.changes[-1][0] if f.changes else f.created_at))
        for f in now.findings.values()
        if f.kind == kind and f.repository in REPOSITORIES
    ]  # fmt: skip
    assert sorted(((of[r["repository_key"]], *list(r.values())[1:]) for r in found), key=repr) == sorted(
        expected, key=repr
    )
    assert expected


def test_advisories_meet_across_scanners(night: Night, now: Truth) -> None:
    found = night.query(
        """select count(*) as n from staging.stg_github__code_scanning_alerts as scanned
        inner join staging.stg_github__dependabot_alerts as dependency
            on dependency.repository_key = scanned.repository_key
            and list_contains(scanned.cve_ids, dependency.cve_id)"""
    )
    dependencies = {
        (f.repository, f.advisory)
        for f in now.findings.values()
        if f.kind == "dependabot" and f.repository in REPOSITORIES
    }
    twice = [
        f for f in now.findings.values() if f.kind == "code_scanning" and (f.repository, f.advisory) in dependencies
    ]
    assert found == [{"n": len(twice)}] and twice


def test_what_is_switched_off_is_said_and_fails_nothing(night: Night) -> None:
    found = rows(night, "availabilities", "stream_name", "availability")
    assert [row for row in found if row[2] != "available"] == [
        ("acme/parcel-hub", "code_scanning_alerts", "not_available"),
        ("acme/parcel-hub", "workflow_runs", "not_available"),
    ]
    assert len(found) == 4 * len(REPOSITORIES)
    assert {run.status for run in night.runs} == {"ok"}


def test_ai_helpers_are_named_in_commits_and_pull_requests(night: Night) -> None:
    helpers = night.query(
        """select distinct unnest(co_authors) as who from staging.stg_github__pull_requests
        union select distinct unnest(co_authors) from staging.stg_github__commits"""
    )
    assert helpers == [{"who": "AI Assistant"}]
    found = night.query("select pull_request_id from staging.stg_github__pull_requests where len(co_authors) > 0")
    github = company().world.github
    assert github is not None
    trailed = {
        pull.id
        for repository in github.repositories
        if repository.name_with_owner in REPOSITORIES
        for pull in repository.pull_requests
        if any(AI_TRAILER in commit.message and commit.visible_at <= NIGHT for commit in pull.commits)
        if pull.created_at <= NIGHT
    }
    assert {row["pull_request_id"] for row in found} == trailed and trailed
