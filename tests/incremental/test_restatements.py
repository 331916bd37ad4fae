"""What was published of a period that was over and is published differently later: core.fct_restatements."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from tests.incremental.comparison import TOLERANCE, rows_of
from tests.incremental.nights import Nights, keys, made_from
from tests.incremental.world import World, small_world

CELL = ("metric", "scope_type", "scope_id", "period_grain", "period_start", "breakdown")
HIDDEN = ("suppressed", "immature")
RELEASE, SERVICE, TEAM, VALUE_STREAM = "late", "till", "gamma", "money"
RELEASED = date(2025, 12, 17)  # the first night is that of 2 March
PERIODS = {"week": date(2025, 12, 15), "month": date(2025, 12, 1), "quarter": date(2025, 10, 1)}


@dataclass
class Story:
    """The small world and its nights: each has a clock of its own, without any work in between."""

    house: Nights
    world: World

    def night(self, *, published: bool = True, whole: bool = False) -> None:
        """Read and build as of the world's present; publish, or end before it (the night failed or was killed)."""
        self.house.read(self.world.now)
        self.house.build(() if whole else tuple(sorted(made_from(["fct_restatements"]))))
        if published:
            self.house.publish()

    def values(self) -> dict[tuple[Any, ...], dict[str, Any]]:
        """core.fct_metric_values as published, by cell."""
        rows = rows_of(self.house.built.published_file, "select * from core.fct_metric_values")
        return {tuple(row[column] for column in CELL): row for row in rows}

    def told(self) -> list[dict[str, Any]]:
        """core.fct_restatements as published, in the order of its key."""
        order = ", ".join(keys()["fct_restatements"])
        return rows_of(self.house.built.published_file, f"select * from core.fct_restatements order by {order}")

    @property
    def incident(self) -> dict[str, Any]:
        """The incident that names the release once somebody says so."""
        return self.world.organization.inbox["incidents"]["blamed"]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A release of till last quarter, an incident of till in February (no release within its window): one night."""
    world = small_world("restatements")
    inbox = world.organization.inbox
    inbox["deployments"] = {
        id_: each for id_, each in inbox["deployments"].items() if not each["finished_at"].startswith("2026-02-1")
    } | {
        RELEASE: {
            "id": RELEASE, "service": SERVICE, "environment": "production", "status": "success",
            "started_at": f"{RELEASED}T09:00:00Z", "finished_at": f"{RELEASED}T09:20:00Z",
        },
    }  # fmt: skip
    inbox["incidents"]["blamed"] = {
        "id": "blamed", "service": SERVICE, "severity": "high",
        "started_at": "2026-02-18T10:00:00Z", "resolved_at": "2026-02-18T12:00:00Z",
    }  # fmt: skip
    found = Story(Nights(tmp_path_factory.mktemp("restatements"), world), world)
    found.night(whole=True)
    yield found


def differences(
    before: Mapping[tuple[Any, ...], Mapping[str, Any]], after: Mapping[tuple[Any, ...], Mapping[str, Any]]
) -> dict[tuple[Any, ...], tuple[float | None, float | None]]:
    """The cells of complete periods whose value differs, with both values: what may be told of two publications.

    A cell that one side lacks has no value there, if that side tells the metric of that scope and period at all.
    """
    known = [{key[:5] for key, row in side.items() if row["is_complete"]} for side in (before, after)]
    found = {}
    for key in before.keys() | after.keys():
        rows = [side[key] for side in (before, after) if key in side]
        if key[2] == "small_teams" or not all(key[:5] in side for side in known):
            continue
        if any(not row["is_complete"] or row["data_quality"] in HIDDEN for row in rows):
            continue
        old, new = ((side[key]["value"] if key in side else None) for side in (before, after))
        same = old is new if None in (old, new) else math.isclose(old, new, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        if not same:
            found[key] = (old, new)
    return found


def test_a_late_link_changes_the_past_month_and_the_table_says_so(story: Story) -> None:
    before, first_night = story.values(), story.world.now
    assert story.told() == []

    story.incident["deployment_id"] = RELEASE
    story.world.now += timedelta(days=1)
    story.night()
    after, told = story.values(), story.told()

    assert {(row["night"], row["previous_night"]) for row in told} == {
        (story.world.now.replace(tzinfo=None), first_night.replace(tzinfo=None))
    }
    assert {tuple(row[column] for column in CELL): (row["old_value"], row["new_value"]) for row in told} == (
        differences(before, after)
    )
    scopes = (
        ("organization", "organization"), ("service", SERVICE), ("team", TEAM), ("value_stream", VALUE_STREAM),
    )  # fmt: skip
    rates = {"change_fail_rate", "change_fail_rate_explicit", "failed_deployments"}
    recoveries = {"failed_deployment_recovery_p50_hours", "failed_deployment_recovery_p85_hours"}
    assert {row["metric"] for row in told} <= rates | recoveries
    cells = {(metric, *scope, *period, "all") for metric in rates for scope in scopes for period in PERIODS.items()}
    by_cell = {tuple(row[column] for column in CELL): row for row in told if row["metric"] in rates}
    assert by_cell.keys() == cells
    for cell, row in by_cell.items():
        failed = 1 if cell[0] == "failed_deployments" else 1 / before[cell]["denominator"]
        assert row["new_value"] - row["old_value"] == pytest.approx(failed), cell
        assert (row["old_n"], row["new_n"]) == (before[cell]["n"], after[cell]["n"])
        assert (row["family"], row["is_new_definition"]) == ("delivery", False)


def test_a_night_run_again_tells_the_same_once(story: Story) -> None:
    told = story.told()
    assert told
    story.night()
    assert story.told() == told


def test_what_was_never_published_is_not_told_and_nothing_is_lost(story: Story) -> None:
    before, told = story.values(), story.told()
    link = story.incident.pop("deployment_id")
    story.world.organization.inbox["incidents"]["late"] = {
        "id": "late", "service": "web", "severity": "high",
        "started_at": "2026-01-20T10:00:00Z", "resolved_at": "2026-01-20T12:00:00Z",
    }  # fmt: skip
    story.world.now += timedelta(days=1)
    story.night(published=False)
    assert story.told() == told

    story.incident["deployment_id"] = link
    story.world.now += timedelta(days=1)
    story.night()
    new = [row for row in story.told() if row not in told]
    assert [row for row in story.told() if row in told] == told
    assert {tuple(row[column] for column in CELL): (row["old_value"], row["new_value"]) for row in new} == (
        differences(before, story.values())
    )
    assert {row["night"] for row in new} == {story.world.now.replace(tzinfo=None)}
    (incidents,) = (
        row
        for row in new
        if (row["metric"], row["scope_type"], row["period_grain"]) == ("incidents", "organization", "month")
    )
    assert (incidents["period_start"], incidents["new_value"] - incidents["old_value"]) == (date(2026, 1, 1), 1)
