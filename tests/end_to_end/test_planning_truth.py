"""Sprints, estimates, cost of delay, flags and links after a night: the staging models against what really happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from sandbox.truth import Truth
from tests.conftest import SandboxNightly
from tests.end_to_end.small_world import company

FIELDS = {"Sprint", "Story point estimate", "Flagged", "Cost of Delay", "Link"}


@pytest.fixture(scope="module")
def truth(sandbox_nightly: SandboxNightly) -> Truth:
    return company().truth.at(datetime.fromisoformat(sandbox_nightly.manifest["as_of"]))


@pytest.fixture(scope="module")
def staging(sandbox_nightly: SandboxNightly) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(sandbox_nightly.data / "warehouse" / "warehouse.duckdb"), read_only=True) as warehouse:
        warehouse.execute("set TimeZone = 'UTC'; set schema = 'staging'")
        yield warehouse


def aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


def test_sprints_are_read_with_their_real_start_and_close(staging: Any, truth: Truth) -> None:
    rows = staging.execute(
        "select sprint_id, started_at, planned_end_at, closed_at from stg_jira__sprints where state != 'future'"
    ).fetchall()
    found = {int(row[0]): tuple(aware(at) for at in row[1:]) for row in rows}
    assert found == {n: (s.started_at, s.planned_end_at, s.closed_at) for n, s in truth.sprints.items()}


def test_every_change_that_metrics_read_comes_through_with_its_values(staging: Any, truth: Truth) -> None:
    """By item: when its sprints, points, flags, costs and links changed, as told by the changelog's rows alone."""
    found: dict[tuple[str, str], list[datetime | None]] = {}
    for item, field, at, text in staging.execute(
        """select item_key, coalesce(field_name, 'Link') as name, changed_at,
            concat(from_value, from_text, to_value, to_text)
        from stg_jira__changelog_items left join stg_jira__fields on field = lower(field_id)
        where name in ('Sprint', 'Story point estimate', 'Flagged', 'Cost of Delay')
            or field = 'link' order by changed_at"""
    ).fetchall():
        assert text, (item, field)
        if field != "Link" or "is blocked by" in text:
            found.setdefault((item, field), []).append(aware(at))
    seen = {row[0] for row in staging.execute("select item_key from stg_jira__issues").fetchall()}
    expected: dict[tuple[str, str], list[datetime | None]] = {}
    for id_, item in truth.work_items.items():
        if (key := f"jira:{id_}") not in seen:
            continue
        spans = {"Sprint": item.sprints, "Link": item.links, "Flagged": [("", a, b) for a, b in item.blocked]}
        for field, rows in spans.items():
            expected[key, field] = [at for _, start, end in rows for at in (start, end) if at]
        expected[key, "Story point estimate"] = [at for at, _ in item.points]
        expected[key, "Cost of Delay"] = [at for at, _ in item.costs_of_delay if at != item.created_at]
    assert {field for _, field in found} == FIELDS
    assert found == {key: sorted(times) for key, times in expected.items() if times}


def test_last_values_and_links_are_those_of_the_truth(staging: Any, truth: Truth) -> None:
    rows = staging.execute("select issue_id, story_points, cost_of_delay from stg_jira__issues").fetchall()
    assert {id_: (points, cost) for id_, points, cost in rows} == {
        id_: (truth.work_items[id_].story_points, truth.work_items[id_].cost_of_delay) for id_, *_ in rows
    }
    links = staging.execute(
        "select item_key, other_issue_id, direction from stg_jira__issue_links where link_type = 'Blocks'"
    ).fetchall()
    now = {(f"jira:{id_}", other) for id_, i in truth.work_items.items() for other, _, end in i.links if end is None}
    assert {(item, other) for item, other, direction in links if direction == "blocked_by"} == now
    assert {(f"jira:{other}", item.removeprefix("jira:")) for item, other, way in links if way == "blocks"} == now


def test_board_columns_hold_the_statuses_of_the_workflow(staging: Any) -> None:
    columns = staging.execute(
        """select column_name, list(status_name order by status_name), bool_and(is_last)
        from stg_jira__board_columns inner join stg_jira__statuses using (connection, status_id)
        inner join stg_jira__boards using (connection, board_id)
        where board_name = 'Parcelio board' group by column_name, column_position order by column_position"""
    ).fetchall()
    assert columns == [
        ("To Do", ["Inbox", "Next Up"], False),
        ("In Progress", ["Building"], False),
        ("Review", ["In Review", "Peer Check"], False),
        ("Test", ["Verify"], False),
        ("Done", ["Dropped", "Shipped"], True),
    ]
