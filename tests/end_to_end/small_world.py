"""A part of Acme, small enough that a night over it takes seconds: cut, served, read, and compared row by row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from ingestion.sources import SOURCES
from sandbox.company import Company, build_world
from sandbox.world import GithubWorld, Issue, JiraWorld, World

NIGHT = datetime(2026, 7, 1, 2, tzinfo=UTC)
NEXT_NIGHT = NIGHT + timedelta(days=1)
START_DATE = datetime(2024, 12, 1).date()
PROJECTS = ("TOOL", "PARC")
REPOSITORIES = ("acme/toolbox", "acme/reverse-logistics")
TOOL_SERVICES = ("PORDERS", "PCHKAPI")
VENDORS = tuple(SOURCES[name] for name in ("jira", "github", "pagerduty"))
HEADS = ("latestPullRequest", "latestIssue", "latestDeployment")


@cache
def company() -> Company:
    """Acme, built once per process."""
    return build_world()


@cache
def small_world() -> World:
    """Two projects (650 issues), repositories (320 pull requests) and PagerDuty services (100 incidents) of Acme."""
    return cut(PROJECTS, REPOSITORIES, TOOL_SERVICES)


@cache
def smallest_world() -> World:
    """One project (140 issues), repository (150 pull requests), PagerDuty service (66 incidents): some pages each."""
    return cut(PROJECTS[:1], REPOSITORIES[:1], TOOL_SERVICES[:1])


def cut(projects: Iterable[str], repositories: Iterable[str], tool_services: Iterable[str] = ()) -> World:
    """Acme with these projects, repositories and PagerDuty services only; issues that were ever elsewhere are left out.

    An incident that was merged into one of another service is left out too.
    """
    whole, keys, names, watched = company().world, set(projects), set(repositories), set(tool_services)
    assert whole.jira is not None and whole.github is not None and whole.pagerduty is not None
    jira: JiraWorld = replace(
        whole.jira,
        projects=[project for project in whole.jira.projects if project["key"] in keys],
        issues=[issue for issue in whole.jira.issues if _projects_of(issue) <= keys],
    )
    found = [repository for repository in whole.github.repositories if repository.name_with_owner in names]
    assert len(jira.projects) == len(keys) and len(found) == len(names)
    incidents = [incident for incident in whole.pagerduty.incidents if incident.service_id in watched]
    ids = {incident.id for incident in incidents}
    pagerduty = replace(
        whole.pagerduty,
        services=[service for service in whole.pagerduty.services if service["id"] in watched],
        incidents=[i for i in incidents if all(entry.into is None or entry.into in ids for entry in i.entries)],
    )
    return World(whole.default_clock, jira, GithubWorld(found), pagerduty)


def _projects_of(issue: Issue) -> set[str]:
    keys = [issue.key, *(history.patch["key"] for history in issue.histories if "key" in history.patch)]
    return {key.rpartition("-")[0] for key in keys}


def raw_rows(warehouse: Path, *, without: Callable[[str, str, Any], Any] | None = None) -> dict[str, dict[str, Any]]:
    """Every row of the vendors' raw tables by table and id, without its load_id: (updated_at, fetched_at, payload).

    without: (table, id, row) -> the row with what a test does not compare taken out.
    """
    found: dict[str, dict[str, Any]] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        for source in VENDORS:
            for stream in source.streams:
                table = f"{source.name}.{stream.name}"
                rows = connection.execute(
                    f"select connection || ':' || id, updated_at, fetched_at, payload::varchar "
                    f'from "raw_{source.name}"."{stream.name}"'
                ).fetchall()
                ids = [row[0] for row in rows]
                assert len(ids) == len(set(ids)), f"{table} holds an id twice"
                values = {id_: (updated, fetched, json.loads(payload)) for id_, updated, fetched, payload in rows}
                found[table] = {id_: without(table, id_, row) if without else row for id_, row in values.items()}
    return found


def load_ids(warehouse: Path) -> dict[str, list[tuple[Any, ...]]]:
    """(id, load_id) of every raw row by table."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return {
            f"{source.name}.{stream.name}": connection.execute(
                f'select connection, id, load_id from "raw_{source.name}"."{stream.name}" order by all'
            ).fetchall()
            for source in VENDORS
            for stream in source.streams
        }


def differences(found: dict[str, dict[str, Any]], expected: dict[str, dict[str, Any]]) -> list[str]:
    """What differs between two results of `raw_rows`, at most ten lines."""
    lines = []
    for table in sorted(found.keys() | expected.keys()):
        ours, theirs = found.get(table, {}), expected.get(table, {})
        for id_ in sorted(ours.keys() | theirs.keys()):
            if ours.get(id_) != theirs.get(id_):
                lines.append(f"{table} {id_}: {str(ours.get(id_))[:300]} != {str(theirs.get(id_))[:300]}")
    return [*lines[:10], f"and {len(lines) - 10} more"] if len(lines) > 10 else lines


def counts(rows: dict[str, dict[str, Any]]) -> dict[str, int]:
    """Rows by table."""
    return {table: len(of_table) for table, of_table in rows.items()}
