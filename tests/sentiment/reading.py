"""What was published of a wave as an adversary reads it: rows of numbers as `Told`, each over teams or people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

from tests.sentiment.adversary import (
    OPEN,
    Told,
    derived_groups,
    difference,
    openness,
    possible_counts,
    possible_points,
)
from tests.sentiment.hierarchies import DRIVERS, STEPS, Wave

Rows = Sequence[Mapping[str, Any]]
KINDS = {
    "likert": ((0, 2), (3, 4)),
    "yes_no": ((0, 0), (1, 1)),
    "nps": ((0, 6), (7, 7), (8, 8), (9, 10)),
}
"""Kinds of answers that the shares and counts tell apart; of eNPS 8 is a passive and favourable."""


def told(row: Mapping[str, Any], people: frozenset[Hashable]) -> Told:
    """A row of int_sentiment_wave_values (or of a file with its columns) as counts and a sum of points."""
    kind, n = DRIVERS.get(row["driver"], "all"), row["n"]
    if kind == "all":
        return Told(people, n)
    points = round(row["driver_score"] * n * STEPS[kind] / 100) if n else 0
    favourable = round((row["favourable_share"] or 0) * n)
    if kind == "nps":
        counts: tuple[int, ...] = (
            row["detractors_count"], n - row["detractors_count"] - favourable,
            favourable - row["promoters_count"], row["promoters_count"],
        )  # fmt: skip
    elif kind == "number":
        return Told(people, n, points)
    else:
        counts = (n - favourable, favourable)
    return Told(people, n, points, tuple(zip(KINDS[kind], counts, strict=True)))


def read_rows(rows: Rows, value_streams: Mapping[str, str], driver: str) -> list[Told]:
    """The shown rows of one wave and driver, over teams."""
    found = []
    for row in rows:
        if row["driver"] == driver and row["n"] is not None:
            inside = {
                "team": lambda team, row=row: team == row["scope_id"],
                "value_stream": lambda team, row=row: value_streams[team] == row["scope_id"],
                "organization": lambda team: True,
            }[row["scope_type"]]
            found.append(told(row, frozenset(team for team in value_streams if inside(team))))
    return found


def attack(rows: Rows, wave: Wave, k: int, *, programmes: bool) -> Counter[str]:
    """What the rows of one wave's first publication tell of fewer than k people, by way; empty = nothing.

    count and score by subtraction, interval = score known to 10 % of the scale, share = each one's kind of answer; with
    `programmes` also what only integer programmes find.
    """
    found: Counter[str] = Counter()
    tables = {driver: read_rows(rows, wave.value_streams, driver) for driver in ("all", *DRIVERS)}
    sizes = {driver: {team: len(who) for team, who in wave.members(driver).items()} for driver in tables}
    for driver, table in tables.items():
        what = "count" if driver == "all" else "score"
        found[f"{what} by subtraction"] += len(derived_groups(table, sizes[driver], k))
        if driver != "all":
            for rest in blocks(table):
                found["score within 10 %"] += openness(rest, k - 1, STEPS[DRIVERS[driver]]) < OPEN
                found["share of 0 or 1"] += is_share_known(rest)
        if programmes:
            shown = {team for told in table if len(told.people) == 1 for team in told.people}
            hidden = [team for team, size in sizes[driver].items() if size < k and team not in shown]
            found += _programmes(tables, driver, hidden, sizes[driver])
    return +found


def _programmes(
    tables: Mapping[str, Sequence[Told]], driver: str, targets: Sequence[str], sizes: Mapping[str, int]
) -> Counter[str]:
    found: Counter[str] = Counter()
    if targets and tables["all"]:
        counts = possible_counts({name: tables[name] for name in {"all", driver}}, list(sizes))
        for team in targets:
            low, high = counts.ends({(driver, team): 1})
            found["count by integer programme"] += low == high
    if any(sizes[team] for team in targets) and tables[driver] and driver != "all":
        steps = STEPS[DRIVERS[driver]]
        points = possible_points(tables[driver], sizes, KINDS.get(DRIVERS[driver], ((0, steps),)))
        for team in targets:
            if sizes[team]:
                low, high = points.ends({(team, "points"): 1})
                found["score by integer programme"] += high - low < OPEN * sizes[team] * steps
    return found


def blocks(table: Sequence[Told]) -> Iterator[Told]:
    """Of every shown row the people who are in no smaller one inside it, where there are any."""
    for row in table:
        inside = [other for other in table if other.people < row.people]
        largest = [one for one in inside if not any(one.people < other.people for other in inside)]
        rest = difference(row, {one.people: one for one in largest}.values())
        if rest.n:
            yield rest


def is_share_known(told: Told) -> bool:
    """Whether all or none are favourable, promoters, passives or detractors: that tells of everybody's answer."""
    counts = [count for _, count in told.kinds]
    if len(counts) == 4:
        detractors, seven, eight, promoters = counts
        return min(detractors, seven + eight, promoters) <= 0
    return bool(counts) and min(counts) <= 0
