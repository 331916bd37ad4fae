"""Commits and tags of a real repository as its releases: each commit's first one, by a walk of the test's own."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from ingestion.config import load_config
from sandbox.recorded import git_world
from sandbox.server import serve
from tests.end_to_end.one_night import PROJECT, Night, live_through

GIT = PROJECT.parent / "shared" / "real" / "git"
COMMITS, TAGS = GIT / "alloy_commits.csv.gz", GIT / "alloy_tags.csv.gz"
CONNECTIONS = """\
organization: {name: Recorded, time_zone: UTC}
connections:
  - {name: github, type: github, base_url: 'http://127.0.0.1/api/v3', token_env: TOKEN, repositories: [recorded/git],
     start_date: 2000-01-01}
  - {name: organization, type: organization_files}
"""
TABLES = {
    "teams": "team_id,team_name\ncrew,The crew\n",
    "value_streams": "value_stream_id,value_stream_name\ntools,Tools\n",
    "team_value_streams": "team_id,value_stream_id,weight\ncrew,tools,1\n",
    "work_rules": "rule_order,field,value,team_id\n1,project,*,crew\n",
    "status_mappings": "connection,project,issue_type,status,flow_state\n",
    "type_mappings": "connection,project,issue_type,flow_item_type,item_level\n",
    "services": "service_id,service_name\nalloy,Alloy\n",
    "service_owners": "service_id,team_id\nalloy,crew\n",
    "repository_services": "connection,repository,service_id\ngithub,recorded/git,alloy\n",
    "deployment_rules": "service_id,method,tag_pattern\nalloy,tag,*\n",
}

pytestmark = [
    pytest.mark.skipif(not GIT.is_dir(), reason="the recorded data of ../shared/real are not beside this checkout"),
    pytest.mark.timeout(600),
]


class Release(NamedTuple):
    """When it was made, and of which commit."""

    at: datetime
    oid: str


class Shipped(NamedTuple):
    """A change's first release, and how that is known."""

    at: datetime | None
    method: str
    confidence: str | None


class Log:
    """The commits that the newest one holds; `line`: those of the default branch itself."""

    def __init__(self, path: Path) -> None:
        rows = list(read(path))
        self.parents = {row["sha"]: row["parents"].split() for row in rows}
        self.committed_at = {row["sha"]: moment(row["committed_at"]) for row in rows}
        self.held = self.ancestors(rows[0]["sha"])
        self.line, tip = set(), rows[0]["sha"]
        while tip:
            self.line.add(tip)
            tip = next(iter(self.parents[tip]), "")

    def ancestors(self, oid: str) -> set[str]:
        """The commit and all before it."""
        found, todo = set(), [oid]
        while todo:
            if (each := todo.pop()) not in found:
                found.add(each)
                todo += self.parents[each]
        return found

    def changes(self) -> set[str]:
        """Every commit but the merges: there are no pull requests."""
        return {oid for oid in self.held if len(self.parents[oid]) <= 1}


def read(path: Path) -> csv.DictReader[str]:
    return csv.DictReader(gzip.decompress(path.read_bytes()).decode().splitlines())


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def releases(log: Log) -> list[Release]:
    """Oldest first. A plain tag has no time but its commit's; two tags of one commit are one release."""
    found: dict[str, datetime] = {}
    for row in read(TAGS):
        oid = row["commit_sha"]
        at = moment(row["created_at"]) if row["object_type"] == "tag" else log.committed_at[oid]
        found[oid] = min(at, found.get(oid, at))
    return sorted(Release(at, oid) for oid, at in found.items())


def first_releases(log: Log, known: list[Release]) -> Mapping[str, Shipped]:
    """Each change with the first release that holds it. The first one known claims its own commit only.

    What a release off the default branch holds cannot be read from the branch: it claims its own commit, too; and where
    the first one is there, nobody knows which of the commits before it it held.
    """
    found = {oid: Shipped(None, "unknown", None) for oid in log.changes()}
    shipped, elsewhere, begun = set(), datetime.min, datetime.min
    if known[0].oid not in log.line:
        begun = known[0].at
    for release in known:
        new = log.ancestors(release.oid) - shipped if release.oid in log.line else {release.oid}
        for oid in new & found.keys():
            is_unknown = found[oid].at is None
            if oid == release.oid and is_unknown:
                found[oid] = Shipped(release.at, "direct", "certain")
            elif release is not known[0] and is_unknown and log.committed_at[oid] > begun:
                confidence = "medium" if elsewhere >= log.committed_at[oid] else "high"
                found[oid] = Shipped(release.at, "default_branch_range", confidence)
        if release.oid in log.line:
            shipped |= new
        else:
            elsewhere = release.at
    return found


@pytest.fixture(scope="module")
def log() -> Log:
    return Log(COMMITS)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    folder = tmp_path_factory.mktemp("alloy")
    (folder / "organization").mkdir()
    (folder / "connections.yml").write_text(CONNECTIONS)
    for name, text in TABLES.items():
        (folder / "organization" / f"{name}.csv").write_text(text)
    world = git_world(COMMITS, TAGS)
    with serve(world) as server:
        config = load_config(folder, environ={"TOKEN": "x"}).with_base_urls({"github": server.github_url})
        return live_through(config, folder / "data", world.default_clock, ["+fct_changes", "+fct_deployments"])


def test_every_tagged_commit_is_a_release(night: Night, log: Log) -> None:
    rows = night.query("select deployed_at, outcome, rule_method from marts.quality.fct_deployments")
    assert sorted(row["deployed_at"] for row in rows) == [release.at for release in releases(log)]
    assert {(row["outcome"], row["rule_method"]) for row in rows} == {("success", "tag")} and len(rows) == 161


def test_every_change_ships_with_the_first_release_that_holds_it(night: Night, log: Log) -> None:
    known = releases(log)
    assert len({release.at for release in known}) == len(known)
    expected = first_releases(log, known)
    rows = night.query(
        "select regexp_extract(source_url, '[0-9a-f]+$') as oid, deployed_at, deployment_method, deployment_confidence,"
        " merge_to_deploy_hours from marts.quality.fct_changes"
    )
    assert {
        r["oid"]: Shipped(r["deployed_at"], r["deployment_method"], r["deployment_confidence"]) for r in rows
    } == expected
    for row in rows:
        waited = row["deployed_at"] and (row["deployed_at"] - log.committed_at[row["oid"]]).total_seconds() / 3600
        wanted = pytest.approx(waited, abs=1e-6) if waited is not None and waited >= 0 else None
        assert row["merge_to_deploy_hours"] == wanted, row
    off_the_line = [oid for oid in expected if oid not in log.line and expected[oid].at]
    assert len(expected) > 3500 and len(off_the_line) > 1000, "commits that merges brought ship too"
    assert {shipped.confidence for shipped in expected.values()} == {"certain", "high", "medium", None}
