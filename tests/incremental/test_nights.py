"""Incremental = full: after any nights every published table is what a full build of the same raw tables gives."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.incremental.changes import dealt
from tests.incremental.comparison import Row, Table, compare
from tests.incremental.nights import Nights, build_order, keys, made_from, manifest, models_with_memory
from tests.incremental.world import small_world

CHANGES_A_NIGHT = 4
BOOKKEEPING = ("load_id", "version")
OF_THE_NIGHT = ("intermediate.int_branch_growths",)


def live_through(folder: Path, seed: int, nights: int, compared: Collection[int], *, whole: bool) -> None:
    """Nights 1 to `nights` of a seed's world, compared with a full build after some of them.

    In between one night fails, one is killed, and one (a compared one) is run with an earlier clock; every tenth
    again. A night builds what keeps something from night to night; a compared one builds every model. whole: so do the
    first, and those with trouble and after it (a build that stops leaves tables of any model behind). What a night
    builds whole it publishes, so that core.fct_restatements has an earlier publication to tell from.
    """
    chance = random.Random(f"nights {seed}")
    world = small_world(seed)
    deck = dealt(chance, CHANGES_A_NIGHT)
    house = Nights(folder, world)
    story: list[str] = []
    failing, killed, earlier = _troubles(chance, nights, compared)
    troubled = failing | killed
    entire = {0, *troubled, *(night + 1 for night in troubled)} if whole else set()
    for night in range(nights + 1):
        told = []
        if night:
            world.down.clear()
            world.tracker.late.clear()
            world.live(world.now + timedelta(days=chance.choice([1, 1, 1, 2, 3])))
            told = [change(world, chance) for change in next(deck)]
        as_of = world.now
        if night in earlier:
            as_of -= timedelta(days=chance.randint(2, 40), minutes=chance.randint(0, 600))
            told.append("an earlier clock")
        house.read(as_of)
        models = () if night in entire or night in compared else models_with_memory()
        if night in failing:
            told.append(f"{house.fail(chance, models)} fails")
        elif night in killed:
            told.append(f"killed after {house.kill(chance, models)}")
        else:
            house.build(models)
            if not models:
                house.publish()
        story.append(f"night {night}, as of {as_of:%Y-%m-%d %H:%M}: " + "; ".join(told))
        print(story[-1], flush=True)
        if night in compared:
            house.rebuild()
            differences = _differences(house, none_empty=night == nights)
            if differences:
                pytest.fail(
                    f"seed {seed}: the nights (here) do not give what a full build (there) gives\n{differences}\n"
                    + "\n".join(story),
                    pytrace=False,
                )


def _differences(house: Nights, *, none_empty: bool) -> str:
    """What differs between the nights' build and the full one, the published tables first."""
    marts = compare(house.built.marts, house.rebuilt.marts, keys())
    empty = [name for name, rows in marts.counts.items() if not rows]
    assert not (none_empty and empty), f"these tables are empty, so nothing was compared: {empty}"
    schemas = ("staging", "intermediate")
    before = compare(house.built.warehouse, house.rebuilt.warehouse, keys(), read=without_bookkeeping, schemas=schemas)
    causes = upstream_first(before.different)
    names = ", ".join(f"{table.name} ({len(table.left)}, {len(table.right)})" for table in causes)
    lines = [*map(str, marts.different), f"models before them that differ, upstream first: {names or 'none'}"]
    return "\n".join([*lines, *map(str, causes[:1])]) if marts.different or causes else ""


def upstream_first(tables: Sequence[Table]) -> list[Table]:
    """Tables in the order in which they are built."""
    order = build_order()
    return sorted(tables, key=lambda table: order.get(table.name.partition(".")[2].split()[0], 0))


def without_bookkeeping(table: str, columns: Sequence[str], rows: list[Row]) -> list[Row]:
    """The rows of a table without the columns in which an incremental model keeps what it was made from.

    Of a table that holds nothing else (what has to be made again this night), no row.
    """
    if table.startswith("staging."):
        return rows
    if table in OF_THE_NIGHT:
        return []
    kept = [index for index, column in enumerate(columns) if not column.endswith(BOOKKEEPING)]
    if len(kept) < len(columns) and {columns[index] for index in kept} <= set(keys().get(table.partition(".")[2], ())):
        return []
    return [tuple(row[index] if index in kept else None for index in range(len(columns))) for row in rows]


def _troubles(chance: random.Random, nights: int, compared: Collection[int]) -> tuple[set[int], set[int], set[int]]:
    """Of every ten nights (or of all, if fewer): one that fails, one that is killed, one with an earlier clock.

    The first of those with an earlier clock is the first that is compared. A compared night follows one that is killed:
    later changes would mend what the kill left behind.
    """
    failing, killed, earlier = set(), set(), {min(compared)}
    for first in range(1, nights + 1, 10):
        ten = range(first, min(first + 10, nights + 1))
        kill = max(night for night in ten if night in compared) - 1
        bad = chance.sample([night for night in ten if night not in compared and night != kill], 2)
        killed.add(kill)
        failing.add(bad[0])
        if not earlier.intersection(ten):
            earlier.add(bad[1])
    return failing, killed, earlier


def test_items_stay_affected_until_all_their_tables_are_rebuilt() -> None:
    nodes = manifest().nodes.values()
    rebuilt = {node.name for node in nodes if "delete_affected_items(" in getattr(node, "raw_code", "")}
    assert len(rebuilt) > 10
    assert rebuilt - made_from(["int_work_item_builds"]) == set()
    early = {name for name in rebuilt if "int_work_item_refreshes" not in made_from([name])}
    assert early == set()


def test_eight_nights_equal_a_full_build(tmp_path: Path) -> None:
    live_through(tmp_path, seed=1, nights=8, compared={4, 8}, whole=False)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(2, 6))
def test_thirty_nights_equal_a_full_build(tmp_path: Path, seed: int) -> None:
    live_through(tmp_path, seed, nights=30, compared={10, 20, 30}, whole=True)
