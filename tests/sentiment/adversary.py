"""An adversary who reads only what is published of a survey wave, and knows who works where.

Every published row is an equation over people: so many answered here, with this sum of scores, so many favourable and
so on. He combines all equations of all nights (linear algebra), asks what whole numbers are possible at all (integer
programmes), and looks for any group of fewer than k people whose count or score he then knows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array

OPEN = 0.1
"""A score is derived when it is known to less than this share of the scale."""


@dataclass(frozen=True)
class Told:
    """What is told of some people: how many, their sum in points, and their numbers by kind of answer.

    kinds: how many of each kind of answer, by the range of points of a kind: ((0, 2), 7), ((3, 4), 5).
    """

    people: frozenset[Hashable]
    n: int
    points: float = 0
    kinds: tuple[tuple[tuple[int, int], int], ...] = ()


def derived_groups(table: Sequence[Told], people_of: Mapping[Hashable, int], k: int) -> list[frozenset[Hashable]]:
    """Groups of fewer than k people whose sum follows from the table by adding and subtracting.

    A sum that follows counts everybody in the same rows alike, so only unions of such classes need to be tried.
    people_of: how many people a unit of the table (a person, or a whole team) is. Groups of nobody count, too.
    """
    classes: dict[tuple[int, ...], list[Hashable]] = defaultdict(list)
    for unit in people_of:
        rows = tuple(number for number, told in enumerate(table) if unit in told.people)
        if rows:
            classes[rows].append(unit)
    if not classes:
        return []
    keys = list(classes)
    matrix = np.zeros((len(table), len(keys)))
    for column, rows in enumerate(keys):
        matrix[list(rows), column] = 1
    _, sizes, basis = np.linalg.svd(matrix, full_matrices=False)
    basis = basis[sizes > 1e-9 * max(sizes.max(), 1)]  # spans the sums that follow
    counts = [sum(people_of[unit] for unit in classes[rows]) for rows in keys]
    small = [column for column, count in enumerate(counts) if count < k]
    found = []
    for size in (1, 2, 3):
        for columns in combinations(small, size):
            if sum(counts[column] for column in columns) < k:
                wanted = np.zeros(len(keys))
                wanted[list(columns)] = 1
                if np.abs(basis.T @ (basis @ wanted) - wanted).max() < 1e-7:
                    found.append(frozenset(unit for column in columns for unit in classes[keys[column]]))
    return found


def openness(told: Told, size: int, steps: int) -> float:
    """How far the mean of any `size` of these people stays open, as a share of the scale; 0 = known.

    Over all ways in which the kinds of answers can be divided between the group and the others.
    """
    kinds = told.kinds or (((0, steps), told.n),)
    lowest, highest = np.inf, -np.inf
    for split in _splits([count for _, count in kinds], size):
        low = sum(part * bounds[0] for (bounds, _), part in zip(kinds, split, strict=True))
        high = sum(part * bounds[1] for (bounds, _), part in zip(kinds, split, strict=True))
        low_rest = sum((c - part) * bounds[0] for (bounds, c), part in zip(kinds, split, strict=True))
        high_rest = sum((c - part) * bounds[1] for (bounds, c), part in zip(kinds, split, strict=True))
        low, high = max(low, told.points - high_rest), min(high, told.points - low_rest)
        if low <= high + 1e-6:
            lowest, highest = min(lowest, low), max(highest, high)
    return (highest - lowest) / size / steps


def _splits(counts: list[int], size: int) -> Iterable[tuple[int, ...]]:
    if len(counts) == 1:
        if size <= counts[0]:
            yield (size,)
        return
    for part in range(min(size, counts[0]) + 1):
        for others in _splits(counts[1:], size - part):
            yield (part, *others)


def difference(one: Told, others: Iterable[Told]) -> Told:
    """What is told of the people of one row who are in none of the others, which lie inside it."""
    rest = one
    for other in others:
        kinds = tuple((r, a - b) for (r, a), (_, b) in zip(rest.kinds, other.kinds, strict=True))
        rest = Told(rest.people - other.people, rest.n - other.n, rest.points - other.points, kinds)
    return rest


class Programme:
    """Whole numbers that satisfy what is told: columns are named, rows are added, a sum of columns is bounded."""

    def __init__(self, names: Iterable[Hashable]) -> None:
        self.place = {name: number for number, name in enumerate(names)}
        self.rows: list[np.ndarray] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, weights: Mapping[Hashable, float], low: float, high: float) -> None:
        """The weighted sum lies between two numbers."""
        self.rows.append(self._row(weights))
        self.low.append(low)
        self.high.append(high)

    def ends(self, weights: Mapping[Hashable, float]) -> tuple[int, int]:
        """The least and the most that a weighted sum can be."""
        constraints = LinearConstraint(csc_array(np.array(self.rows)), np.array(self.low), np.array(self.high))
        wanted, found = self._row(weights), []
        for sign in (1, -1):
            result = milp(
                sign * wanted, constraints=constraints, bounds=Bounds(0, 1e5), integrality=np.ones(len(wanted))
            )
            assert result.success, result.message
            found.append(round(sign * result.fun))
        return found[0], found[1]

    def _row(self, weights: Mapping[Hashable, float]) -> np.ndarray:
        row = np.zeros(len(self.place))
        for name, weight in weights.items():
            row[self.place[name]] += weight
        return row


def possible_counts(tables: Mapping[str, Sequence[Told]], teams: Sequence[str]) -> Programme:
    """How many can have answered each driver in each team (columns), by all drivers' counts together.

    Who answered a driver took part (`all`).
    """
    programme = Programme((name, team) for name in tables for team in teams)
    for name, table in tables.items():
        for told in table:
            programme.add({(name, team): 1 for team in told.people}, told.n, told.n)
        for team in teams if name != "all" else ():
            programme.add({("all", team): 1, (name, team): -1}, 0, np.inf)
    return programme


def possible_points(table: Sequence[Told], sizes: Mapping[str, int], ranges: Sequence[tuple[int, int]]) -> Programme:
    """What each team's sum of points can be, with its counts of answers of every kind (columns).

    sizes: how many answered in each team, as if he had found that out elsewhere. ranges: points of each kind of answer.
    """
    numbers = range(len(ranges))
    programme = Programme((team, column) for team in sizes for column in ("points", *numbers))
    for team, size in sizes.items():
        programme.add({(team, number): 1 for number in numbers}, size, size)
        for edge, low, high in ((0, 0.0, np.inf), (1, -np.inf, 0.0)):
            weights = {(team, number): -ranges[number][edge] for number in numbers}
            programme.add({(team, "points"): 1, **weights}, low, high)
    for told in table:
        programme.add({(team, "points"): 1 for team in told.people}, told.points, told.points)
        for number, (_, count) in enumerate(told.kinds):
            programme.add({(team, number): 1 for team in told.people}, count, count)
    return programme
