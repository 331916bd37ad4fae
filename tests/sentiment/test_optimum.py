"""What suppression hides beside the fewest cells that have to be hidden, where every pattern can be tried."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from itertools import product
from pathlib import Path

import pytest

from tests.sentiment.hierarchies import DRIVERS, STEPS, Person, Wave, is_favourable, organization
from tests.sentiment.models import House

K = 5
Cell = tuple[str, str]


def test_hidden_cells_stay_within_one_and_a_half_times_the_fewest_possible(tmp_path: Path) -> None:
    waves = [organization(f"s{seed}", random.Random(seed), most_teams=7) for seed in range(3000, 3060)]
    shown: dict[tuple[str, str], set[Cell]] = {}
    for row in House(tmp_path, K).night(waves):
        cells = shown.setdefault((row["wave_key"], row["driver"]), set())
        if row["n"] is not None:
            cells.add((row["scope_type"], row["scope_id"]))
    compared = dict.fromkeys(("all", *DRIVERS), 0)
    for wave in waves:
        cells = cells_of(wave)
        for driver in compared:
            members = wave.members(driver)
            never = {("team", team) for team in members if wave.invited[team] < 3}
            if driver != "all":  # what participation hides no driver shows
                never = set(cells) - shown[wave.key, "all"]
            fewest = fewest_hidden(cells, members, never, lambda people, d=driver: may_be_told(people, d))
            hidden = len(cells) - len(shown.get((wave.key, driver), ()))
            assert fewest <= hidden <= 1.5 * fewest, (wave.key, driver, hidden, fewest)
            compared[driver] += fewest > 0
    assert min(compared.values()) > 30, compared


def cells_of(wave: Wave) -> dict[Cell, frozenset[str]]:
    """Every cell of a wave with its teams."""
    teams = wave.value_streams
    streams = {stream: frozenset(team for team in teams if teams[team] == stream) for stream in teams.values()}
    return {
        ("organization", "organization"): frozenset(teams),
        **{("value_stream", stream): inside for stream, inside in streams.items()},
        **{("team", team): frozenset([team]) for team in teams},
    }


def fewest_hidden(
    cells: Mapping[Cell, frozenset[str]],
    members: Mapping[str, list[Person]],
    never: Collection[Cell],
    may_be_told: Callable[[list[Person]], bool],
) -> int:
    """The fewest cells that have to be hidden, by trying all patterns: what is left of a shown cell may be told of."""

    def is_open(teams: frozenset[str]) -> bool:
        if teams not in known:
            known[teams] = may_be_told([person for team in teams for person in members[team]])
        return known[teams]

    known: dict[frozenset[str], bool] = {}
    allowed = [cell for cell, teams in cells.items() if cell not in never and is_open(teams)]
    best = 0
    for pattern in product([True, False], repeat=len(allowed)):
        shown = [cells[cell] for cell, is_shown in zip(allowed, pattern, strict=True) if is_shown]
        if len(shown) > best:
            rests = (cell.difference(*[other for other in shown if other < cell]) for cell in shown)
            if all(not rest or is_open(rest) for rest in rests):
                best = len(shown)
    return len(cells) - best


def may_be_told(people: list[Person], driver: str) -> bool:
    """Whether these people may be told of by themselves, by PRIVACY.md."""
    if driver == "all":
        return len(people) >= K
    kind, answers = DRIVERS[driver], sorted(person.answers[driver] for person in people)
    if len(answers) < K:
        return False
    apart = (sum(answers[1 - K :]) - sum(answers[: K - 1])) / (K - 1) / STEPS[kind]
    if kind == "number":  # told by count and mean alone
        others = 0.1 * STEPS[kind] * (K - 1)
        return apart >= 0.1 or (apart > 0 and others <= sum(answers) <= STEPS[kind] * len(answers) - others)
    favourable = sum(bool(is_favourable(kind, answer)) for answer in answers)
    kinds = [favourable, len(answers) - favourable]
    if kind == "nps":
        kinds += [sum(a <= 6 for a in answers), sum(7 <= a <= 8 for a in answers), sum(a >= 9 for a in answers)]
    return apart >= 0.1 and min(kinds) > 0


@pytest.mark.parametrize(
    ("driver", "answers", "told"),
    [
        ("all", [0] * 5, True),
        ("speed", [0, 1, 2, 3], False),
        ("speed", [0, 1, 2, 3, 4], True),
        ("speed", [2, 2, 2, 2, 3], False),
        ("speed", [3, 3, 3, 4, 4, 4, 4, 4], False),
        ("enps", [0, 6, 7, 9, 10, 10], True),
        ("enps", [0, 6, 6, 9, 10, 10], False),
        ("hours", [10, 10, 10, 10, 11], True),
        ("hours", [0, 0, 0, 0, 4], False),
    ],
)
def test_what_may_be_told_by_hand(driver: str, answers: list[int], told: bool) -> None:
    assert may_be_told([Person(str(n), "t", {driver: answer}) for n, answer in enumerate(answers)], driver) is told
