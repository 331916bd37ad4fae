"""All publications of a wave, as an adversary sees them who keeps every file and knows who had answered when."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from typing import Any

from tests.sentiment.adversary import OPEN, Told, derived_groups, openness
from tests.sentiment.adversary import difference as without
from tests.sentiment.hierarchies import DRIVERS, STEPS, Wave
from tests.sentiment.reading import Rows, is_share_known, told

Block = tuple[str, str]


class History:
    """Of one wave: who stood in which version of which block, and what is told of each, by driver.

    The rows of the other marts are sums of the blocks that stand (asserted), so they tell nothing beyond them.
    """

    def __init__(self) -> None:
        self.blocks: dict[str, dict[tuple[Block, int], frozenset[Hashable]]] = defaultdict(dict)
        self.table: dict[str, dict[frozenset[Hashable], Told]] = defaultdict(dict)
        self.moved = 0

    def publish(self, wave: Wave, rows: Rows, versions: Rows) -> None:
        """One night: the wave as it is, the rows published of it, and the versions of its blocks."""
        by_driver: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for version in versions:
            by_driver[version["driver"]].append(version)
        for driver, found in by_driver.items():
            self._place(wave, driver, found)
        standing = {(v["driver"], v["scope_type"], v["scope_id"]): v for v in sorted(versions, key=_version)}
        for row in rows:
            if row["n"] is not None:
                inside = [v["n"] for v in standing.values() if v["driver"] == row["driver"] and _is_inside(v, row)]
                assert row["n"] == sum(inside), (wave.key, row)

    def _place(self, wave: Wave, driver: str, versions: Rows) -> None:
        places = self.blocks[driver]
        shown = {(version["scope_type"], version["scope_id"]) for version in versions}
        members: dict[Block, set[Hashable]] = {block: set() for block in shown}
        for team, people in wave.members(driver).items():
            around = [("team", team), ("value_stream", wave.value_streams[team]), ("organization", "organization")]
            block = next((each for each in around if each in shown), None)
            if block:
                members[block] |= {(person.name, person.version) for person in people}
        for version in versions:
            key = (version["scope_type"], version["scope_id"]), version["version"]
            if key not in places:
                people = places[key] = frozenset(members[key[0]])
                assert len(people) == version["n"], (wave.key, version)
                self.moved += version["version"] > 1
                if people:
                    self.table[driver][people] = told(_row(version), people)

    def attack(self, k: int) -> Counter[str]:
        """What all rows of all nights tell of fewer than k people, by way; empty = nothing."""
        found: Counter[str] = Counter()
        for driver, table in self.table.items():
            rows = list(table.values())
            everybody = dict.fromkeys(frozenset().union(*table), 1)
            found["subtraction of nights"] += len(derived_groups(rows, everybody, k))
            if driver == "all":
                continue
            for small in rows:
                for large in rows:
                    if small.people < large.people:
                        rest = without(large, [small])
                        found["difference within 10 %"] += (
                            openness(rest, min(k - 1, rest.n), STEPS[DRIVERS[driver]]) < OPEN
                        )
                        found["difference with a share of 0 or 1"] += is_share_known(rest)
        return +found


def _version(block: Mapping[str, Any]) -> int:
    return block["version"]


def _row(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block with mean and share, as a row is published."""
    return {
        **block,
        "driver_score": block["score_sum"] / (block["n"] or 1),
        "favourable_share": block["favourable_count"] / (block["favourable_answers"] or 1),
    }


def _is_inside(block: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    scope = row["scope_type"], row["scope_id"]
    return scope[0] == "organization" or scope in (
        (block["scope_type"], block["scope_id"]),
        ("value_stream", block["value_stream_id"]),
    )
