"""Changelogs that contradict themselves, on a world that can be counted by hand, and again when they are mended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.end_to_end.flow_comparison import Marts, Recomputed, table_differences, verdict
from tests.incremental.nights import Nights
from tests.incremental.tracker import Change, Item, Tracker
from tests.incremental.world import World, small_world

ODD = ("history_before_created", "broken_status_chain", "equal_timestamps", "clock_backwards")
OF_BETA = {"project": "PAY", "type_": "101", "summary": "Odd"}
OF_DELTA = {**OF_BETA, "project": "OPS", "team": "t-delta"}
"""Two people, shown together with epsilon's two."""


def at(day: int, hour: int = 12) -> datetime:
    """A moment of January 2026."""
    return datetime.fromisoformat(f"2026-01-{day:02}T{hour:02}:00:00+00:00")


def early(tracker: Tracker, **values: Any) -> Item:
    """Moved on the 3rd and on the 5th, and created on the 6th."""
    item = tracker.create(at(6), **values)
    for day, status in ((3, "2"), (5, "3"), (8, "6")):
        tracker.put(item, at(day), "status", status)
    return item


def simultaneous(tracker: Tracker, **values: Any) -> Item:
    """Ready and in progress at the same time, on the 9th; Done at another."""
    item = tracker.create(at(6), **values)
    for day, status in ((9, "2"), (9, "3"), (10, "6")):
        tracker.put(item, at(day), "status", status)
    return item


def backwards(tracker: Tracker, **values: Any) -> Item:
    """In progress on the 13th; that it was ready on the 12th was written later, which breaks the chain too."""
    item = tracker.create(at(6), **values)
    tracker.put(item, at(13), "status", "3")
    tracker.put(item, at(12), "status", "2", known=at(14))
    return item


def broken(tracker: Tracker, **values: Any) -> tuple[Item, Change]:
    """What happened on the 16th is missing, so that the move of the 17th begins elsewhere."""
    item = tracker.create(at(6), **values)
    for day, status in ((15, "2"), (16, "3"), (17, "4")):
        tracker.put(item, at(day), "status", status)
    return item, item.changes.pop(1)


@dataclass
class Planted:
    """The world, its nights, and the items by what is wrong with them."""

    world: World
    house: Nights
    items: dict[str, list[Item]]
    lost: Change

    def night(self) -> None:
        """Read the world as it is now and build what the table is made from."""
        self.house.read(self.world.now)
        assert [run for run in self.house.runs if run.status != "ok"] == []
        self.house.build()

    def rows(self, check: str) -> dict[tuple[str, str], tuple[date, date, int, list[str] | None]]:
        """By scope: first and last date, items and examples."""
        _, rows = Marts(self.house.built.marts).query(
            "select scope_type, scope_id, first_date, last_date, records_count, examples from core.fct_data_quality"
            f" where check_name = '{check}'"
        )
        return {row[:2]: row[2:] for row in rows}

    def keys(self, check: str, *numbers: int) -> list[str]:
        """Keys of items of a check."""
        return [f"jira:{self.items[check][number].id}" for number in numbers]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    world = small_world("data quality")
    tracker = world.tracker
    lost, gap = broken(tracker, **OF_BETA)
    items = {
        "history_before_created": [early(tracker, **OF_BETA), early(tracker, **OF_DELTA)],
        "equal_timestamps": [simultaneous(tracker, **OF_BETA) for _ in range(4)],
        "clock_backwards": [backwards(tracker, **OF_DELTA)],
        "broken_status_chain": [lost],
    }
    house = Nights(tmp_path_factory.mktemp("data_quality"), world, ("+fct_data_quality",))
    found = Planted(world, house, items, gap)
    found.night()
    yield found


def test_odd_changelogs_are_told_with_their_items_and_dates(planted: Planted) -> None:
    organization, beta, small = ("organization", "organization"), ("team", "beta"), ("team", "small_teams")
    january = {day: date(2026, 1, day) for day in range(1, 32)}
    (early_of_beta,) = planted.keys("history_before_created", 0)
    assert planted.rows("history_before_created") == {
        organization: (january[3], january[5], 2, [early_of_beta]),
        beta: (january[3], january[5], 1, [early_of_beta]),
        small: (january[3], january[5], 1, None),
    }
    three = planted.keys("equal_timestamps", 0, 1, 2)
    row = (january[9], january[9], 4, three)
    assert planted.rows("equal_timestamps") == {organization: row, beta: row}
    late = (january[12], january[12], 1, None)
    assert planted.rows("clock_backwards") == {organization: late, small: late}
    (lost,) = planted.keys("broken_status_chain", 0)
    assert planted.rows("broken_status_chain") == {
        organization: (january[13], january[17], 2, [lost]),
        beta: (january[17], january[17], 1, [lost]),
        small: (january[13], january[13], 1, None),
    }


def test_they_count_as_the_table_says(planted: Planted) -> None:
    keys = [*planted.keys("history_before_created", 0), *planted.keys("equal_timestamps", 0)]
    _, rows = Marts(planted.house.built.warehouse).query(
        "select item_key, valid_from, valid_to, status_id from intermediate.int_work_item_status_intervals"
        f" where item_key in {tuple(keys)} order by item_key, entry_ordinal"
    )
    stays = [(key, since.day, until.day if until.year < 9999 else None, status) for key, since, until, status in rows]
    assert stays == [
        (keys[0], 6, 8, "3"), (keys[0], 8, None, "6"),
        (keys[1], 6, 9, "1"), (keys[1], 9, 10, "3"), (keys[1], 10, None, "6"),
    ]  # fmt: skip


def test_every_row_equals_its_recomputation(planted: Planted) -> None:
    recomputed = Recomputed.of(planted.house.built.warehouse)
    found, compared, columns = table_differences(Marts(planted.house.built.marts), "fct_data_quality", recomputed)
    assert not found, verdict(found)
    assert compared > len(ODD) and len(columns) == 5


def test_a_mended_changelog_is_told_no_more(planted: Planted) -> None:
    (item,) = planted.items["broken_status_chain"]
    item.changes.insert(1, planted.lost)
    planted.world.live(planted.world.now + timedelta(days=1))
    item.touched.append(planted.world.now)
    planted.night()
    assert set(planted.rows("broken_status_chain")) == {("organization", "organization"), ("team", "small_teams")}
    assert len(planted.rows("equal_timestamps")) == 2
