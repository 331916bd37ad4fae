"""All publications of a wave, as an adversary sees them who keeps every file and knows who had answered when."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tests.sentiment.adversary import OPEN, Told, derived_groups, openness
from tests.sentiment.hierarchies import DRIVERS, STEPS, Wave
from tests.sentiment.reading import Rows, told

Block = tuple[str, str]
Answer = tuple[str, int]  # of a person, by name, in a version


@dataclass(frozen=True)
class Step:
    """What is told of those who differ between published sums: how many persons, their answers and their sum.

    An answer that went is counted as its opposite (the best as the worst), so that all sums are sums of what is open.
    """

    persons: int
    told: Told
    is_share_known: bool


@dataclass(frozen=True)
class Change:
    """A difference of published sums: +1 for an answer that is in it, -1 for one that is taken out."""

    people: Mapping[Answer, int]
    points: float
    kinds: tuple[int, ...]

    @classmethod
    def between(cls, one: Told | None, other: Told | None) -> Change:
        """From one row to another; none = a row of nobody."""
        before, after = one or Told(frozenset(), 0), other or Told(frozenset(), 0)
        people = dict.fromkeys(after.people - before.people, 1)
        people |= dict.fromkeys(before.people - after.people, -1)
        kinds = zip_longest((n for _, n in after.kinds), (n for _, n in before.kinds), fillvalue=0)
        return cls(people, after.points - before.points, tuple(a - b for a, b in kinds))

    def joined(self, other: Change) -> Change | None:
        """Both together, where somebody falls out of the sum; else they tell no more than each."""
        signs = Counter(self.people)
        for person, sign in other.people.items():
            signs[person] += sign
        people = {person: sign for person, sign in signs.items() if sign}
        if len(people) == len(signs) or max(map(abs, people.values()), default=0) > 1:
            return None
        kinds = zip_longest(self.kinds, other.kinds, fillvalue=0)
        return Change(people, self.points + other.points, tuple(a + b for a, b in kinds))

    def step(self, steps: int) -> Step:
        """As what is told of those in it; steps: the points of the best answer."""
        gone = sum(sign < 0 for sign in self.people.values())
        told = Told(frozenset(self.people), len(self.people), self.points + steps * gone)
        kinds = self.kinds if len(self.kinds) < 4 else (self.kinds[0], self.kinds[1] + self.kinds[2], self.kinds[3])
        known = any(not 0 < count + gone < told.n for count in kinds)
        return Step(len({name for name, _ in self.people}), told, known)


class History:
    """Of one wave: who stood in which version of which block, and what is told of each, by driver.

    The rows of the other marts are sums of the blocks that stand (asserted), so they tell nothing beyond them.
    """

    def __init__(self) -> None:
        self.blocks: dict[str, dict[tuple[Block, int], frozenset[Answer]]] = defaultdict(dict)
        self.table: dict[str, dict[frozenset[Answer], Told]] = defaultdict(dict)
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
        members: dict[Block, set[Answer]] = {block: set() for block in shown}
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
            for step in self._steps(driver):
                found["step of few"] += step.persons < k
                if driver != "all":
                    found["step within 10 %"] += (
                        openness(step.told, min(k - 1, step.told.n), STEPS[DRIVERS[driver]]) < OPEN
                    )
                    found["step with a share of 0 or 1"] += step.is_share_known
        return +found

    def _steps(self, driver: str) -> Iterator[Step]:
        """What lies between two versions of a block, and between those of up to three blocks together.

        Who moved from one block to another at that falls out of the sum, so what is left may be a few.
        """
        table, by_block = self.table[driver], defaultdict(list)
        for (block, _), people in self.blocks[driver].items():
            by_block[block].append(people)
        changes: dict[Block, list[Change]] = {}
        for block, versions in by_block.items():
            pairs = ((one, other) for one in set(versions) for other in set(versions) if one != other)
            changes[block] = [Change.between(table.get(one), table.get(other)) for one, other in pairs]
        steps = STEPS.get(DRIVERS.get(driver, ""), 0)
        together = [((block,), change) for block in changes for change in changes[block]]
        for _ in range(3):
            yield from (change.step(steps) for _, change in together if change.people)
            together = [
                ((*blocks, block), both)
                for blocks, change in together
                for block in changes
                if block > blocks[-1]
                for other in changes[block]
                if (both := change.joined(other))
            ]


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
