"""No group of fewer than k people can be derived from what is published of a survey; without suppression many can.

The adversary (adversary.py) reads int_sentiment_wave_values and fct_sentiment_versions: every number of a survey that a
mart publishes is one of theirs. `python -m tests.sentiment.table` prints the table of PRIVACY.md.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.sentiment.adversary import Told, derived_groups, openness, possible_counts, possible_points
from tests.sentiment.hierarchies import DRIVERS, STEPS, Person, Wave, live_on, organization
from tests.sentiment.history import History
from tests.sentiment.models import FIRST_NIGHT, House
from tests.sentiment.reading import attack, read_rows

K = 5
HIERARCHIES = 500
WITH_PROGRAMMES = 12
"""Of these also what integer programmes find, in `make test`; all of them in `make soak`."""


@pytest.fixture(scope="module")
def waves() -> list[Wave]:
    return [organization(f"h{number}", random.Random(number)) for number in range(HIERARCHIES)]


def published(folder: Path, waves: list[Wave], *, complementary: bool = True) -> dict[str, list[dict[str, Any]]]:
    """The rows of one night over all waves, by wave."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in House(folder, K).night(waves, complementary=complementary):
        found[row["wave_key"]].append(row)
    return found


@pytest.fixture(scope="module")
def protected(waves: list[Wave], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return published(tmp_path_factory.mktemp("protected"), waves)


@pytest.fixture(scope="module")
def bare(waves: list[Wave], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return published(tmp_path_factory.mktemp("bare"), waves, complementary=False)


def test_nothing_of_fewer_than_k_people_follows_by_subtraction(
    waves: list[Wave], protected: dict[str, list[dict[str, Any]]]
) -> None:
    shown = 0
    for wave in waves:
        assert not attack(protected[wave.key], wave, K, programmes=False), wave.key
        shown += sum(row["driver_score"] is not None for row in protected[wave.key])
    assert shown > 10 * HIERARCHIES


def test_integer_programmes_find_nothing_either(waves: list[Wave], protected: dict[str, list[dict[str, Any]]]) -> None:
    for wave in waves[:WITH_PROGRAMMES]:
        assert not attack(protected[wave.key], wave, K, programmes=True), wave.key


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_integer_programmes_find_nothing_in_any_hierarchy(
    waves: list[Wave], protected: dict[str, list[dict[str, Any]]]
) -> None:
    for wave in waves:
        assert not attack(protected[wave.key], wave, K, programmes=True), wave.key


def test_the_adversary_is_not_blind(waves: list[Wave], bare: dict[str, list[dict[str, Any]]]) -> None:
    found: Counter[str] = Counter()
    for number, wave in enumerate(waves):
        found += attack(bare[wave.key], wave, K, programmes=number < 2)
    assert set(found) == {
        "count by subtraction", "score by subtraction", "score within 10 %", "share of 0 or 1",
        "count by integer programme", "score by integer programme",
    }, found  # fmt: skip
    assert found["score by subtraction"] > HIERARCHIES


def reorganised(wave: Wave, chance: random.Random) -> Wave:
    """The next wave: two teams are one, another is two, and most people answer as they did."""
    teams = sorted(wave.value_streams)
    gone, into, split = (chance.choice(teams) for _ in range(3))
    streams = {**wave.value_streams, "new": wave.value_streams[split]}
    people = {}
    for name, person in wave.people.items():
        team = into if person.team == gone else person.team
        team = "new" if team == split and chance.random() < 0.5 else team
        answers = {d: p if chance.random() < 0.9 else min(STEPS[DRIVERS[d]], p + 1) for d, p in person.answers.items()}
        if chance.random() < 0.95:
            people[name] = replace(person, team=team, answers=answers)
    return Wave(f"{wave.key}-next", streams, wave.invited | {"new": 6}, people)


def test_two_waves_around_a_re_organisation_tell_no_more(tmp_path: Path) -> None:
    """Who knows everybody's team in both waves and adds up rows of both; an answer of one is none of the other."""
    chance = random.Random(11)
    waves = [organization(f"w{number}", chance, most_teams=12) for number in range(60)]
    later = [reorganised(wave, chance) for wave in waves]
    rows, compared = published(tmp_path, waves + later), 0
    for both in zip(waves, later, strict=True):
        for driver in ("all", *DRIVERS):
            table, people = [], {}
            for wave in both:
                for told in read_rows(rows[wave.key], wave.value_streams, driver):
                    table.append(replace(told, people=frozenset((wave.key, team) for team in told.people)))
                people |= {(wave.key, team): len(who) for team, who in wave.members(driver).items()}
            assert not derived_groups(table, people, K), (both[0].key, driver)
            compared += len(table)
    assert compared > 1000


def ten_nights(folder: Path, seeds: range) -> Iterator[tuple[Counter[str], int]]:
    """What ten nights of each organisation tell, and how many blocks moved."""
    chances = [random.Random(seed) for seed in seeds]
    waves = [organization(f"n{seed}", chance, most_teams=20) for seed, chance in zip(seeds, chances, strict=True)]
    house = House(folder, K)
    histories = [History() for _ in waves]
    for _ in range(10):
        rows, versions = defaultdict(list), defaultdict(list)
        for row in house.night(waves):
            rows[row["wave_key"]].append(row)
        for version in house.versions():
            versions[version["wave_key"]].append(version)
        for wave, history in zip(waves, histories, strict=True):
            history.publish(wave, rows[wave.key], versions[wave.key])
        waves = [live_on(wave, chance) for wave, chance in zip(waves, chances, strict=True)]
    for history in histories:
        yield history.attack(K), history.moved


def test_ten_nights_of_late_answers_erasures_and_another_structure_tell_no_more(tmp_path: Path) -> None:
    moved = 0
    for found, moves in ten_nights(tmp_path, range(1000, 1003)):
        assert not found
        moved += moves
    assert moved


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_nights_of_twenty_organisations_tell_no_more(tmp_path: Path) -> None:
    for found, _ in ten_nights(tmp_path, range(2000, 2020)):
        assert not found


def two_teams(chance: random.Random) -> Wave:
    """Two teams of one value stream, 14 people each, of all opinions: both are shown."""
    wave = Wave("two", {"a": "v", "b": "v"}, {"a": 20, "b": 20})
    for number in range(28):
        answers = {driver: round(chance.random() * STEPS[kind]) for driver, kind in DRIVERS.items()}
        wave.people[f"p{number}"] = Person(f"p{number}", "ab"[number % 2], answers)
    return wave


def nights_of(folder: Path, waves: list[Wave]) -> History:
    """What stands published after nights that found a wave like this, one after the other."""
    house, history = House(folder, K), History()
    for wave in waves:
        rows = house.night([wave])
        history.publish(wave, rows, house.versions())
    return history


def test_one_late_answer_stays_unknown_beside_people_filed_anew(tmp_path: Path) -> None:
    """Six people move from a to b, and one comes late: both blocks change by more than k, their sum by one."""
    for seed in range(6):
        chance = random.Random(seed)
        first = two_teams(chance)
        moved = {n: replace(p, team="b") if p.team == "a" and int(n[1:]) < 12 else p for n, p in first.people.items()}
        late = Person("late", "b", {"speed": 4, "enps": 9, "safety": 1, "hours": 30})
        (tmp_path / str(seed)).mkdir()
        history = nights_of(tmp_path / str(seed), [first, replace(first, people=moved | {"late": late})])
        assert not history.attack(K), seed


def corrected(wave: Wave, chance: random.Random, names: Iterable[str]) -> Wave:
    """The wave after these people's answers were put right."""
    people = dict(wave.people)
    for name in names:
        answers = {driver: round(chance.random() * STEPS[kind]) for driver, kind in DRIVERS.items()}
        people[name] = replace(people[name], answers=answers, version=people[name].version + 1)
    return replace(wave, people=people)


def test_corrections_change_a_published_wave_in_batches_only(tmp_path: Path) -> None:
    """A corrected file of 14 people is told, four corrections never are; nor are two beside what is as first told."""
    chance = random.Random(3)
    first = two_teams(chance)
    names = [f"p{number}" for number in range(28)]
    few, many = corrected(first, chance, names[:8:2]), corrected(first, chance, names[::2])
    (tmp_path / "few").mkdir()
    assert nights_of(tmp_path / "few", [first, few, first]).moved == 0
    (tmp_path / "many").mkdir()
    history = nights_of(tmp_path / "many", [first, few, many, corrected(first, chance, names[:2]), many])
    assert {key for places in history.blocks.values() for key, version in places if version > 1} == {("team", "a")}
    assert 1 < history.moved <= len(DRIVERS)
    assert not history.attack(K)


def test_only_what_was_published_is_remembered(tmp_path: Path) -> None:
    chance = random.Random(3)
    first = two_teams(chance)
    names = [f"p{number}" for number in range(28)]
    many = corrected(first, chance, names[::2])
    house = House(tmp_path, K)
    house.night([first])
    house.night([many], published=False)
    house.night([first])
    versions = house.versions()
    assert {version["version"] for version in versions} == {1}
    (kept,) = house.rows("select count(*) as n from raw_ingestion.published_sentiment_answers")
    assert kept["n"] == sum(version["n"] for version in versions)
    house.night([many])
    house.night([many])
    assert {version["version"] for version in house.versions()} == {1, 2}
    (kept,) = house.rows("select count(*) as n from raw_ingestion.published_sentiment_answers")
    assert kept["n"] == sum(version["n"] for version in house.versions())


def test_answers_of_a_build_that_told_nothing_anew_are_not_taken_for_what_was_told(tmp_path: Path) -> None:
    """The memory is lost and the night that published runs again over corrected answers: what was told is unknown."""
    chance = random.Random(3)
    first = two_teams(chance)
    house = House(tmp_path, K)
    house.night([first])
    house.connection.execute("drop table intermediate.int_sentiment_block_answers")
    house.now = FIRST_NIGHT
    house.night([corrected(first, chance, ["p0"])])
    house.night([corrected(first, chance, [f"p{number}" for number in range(28)])])
    assert {version["version"] for version in house.versions()} == {1}
    assert house.rows("select 1 from raw_ingestion.published_sentiment_answers") == []


@pytest.mark.parametrize("teams", ["ab", "a"])
def test_other_ids_make_no_batch_of_everybody(tmp_path: Path, teams: str) -> None:
    """With another salt everybody has another id, with another file all of a team: one correction stays unknown."""
    chance = random.Random(3)
    first = two_teams(chance)
    names = {name: f"q{name}" if person.team in teams else name for name, person in first.people.items()}
    other = replace(first, people={names[n]: replace(p, name=names[n]) for n, p in first.people.items()})
    house = House(tmp_path, K)
    house.night([first])
    house.night([corrected(other, chance, ["qp0"])])
    assert {version["version"] for version in house.versions()} == {1}


def test_publishing_every_night_anew_would_tell(tmp_path: Path) -> None:
    chance = random.Random(7)
    wave = organization("n7", chance)
    history = History()
    for night in range(4):
        (tmp_path / str(night)).mkdir()
        house = House(tmp_path / str(night), K)  # it remembers nothing
        rows = house.night([wave])
        versions = [{**version, "version": night + 1} for version in house.versions()]
        history.publish(wave, rows, versions)
        wave = live_on(wave, chance)
    assert {"subtraction of nights", "step of few", "step within 10 %"} <= set(history.attack(K))


def test_the_adversary_by_hand() -> None:
    people = {"a": 3, "b": 6, "c": 7}
    everybody, b, c = (Told(frozenset(teams), sum(people[t] for t in teams)) for teams in ("abc", "b", "c"))
    assert derived_groups([everybody, b, c], people, 5) == [frozenset("a")]
    assert derived_groups([everybody, c], people, 5) == []
    teams = ["a", "b", "c"]
    assert possible_counts({"all": [everybody, b, c]}, teams).ends({("all", "a"): 1}) == (3, 3)
    assert possible_counts({"all": [everybody, c]}, teams).ends({("all", "a"): 1}) == (0, 9)
    # two people with 1 point of 8 between them and six with 0..4 each: of 2 people the sum is 0 or 1
    points = possible_points([Told(frozenset("ab"), 8, 1)], {"a": 2, "b": 6}, [(0, 4)])
    assert points.ends({("a", "points"): 1}) == (0, 1)
    assert openness(Told(frozenset("x"), 5, 20), 4, 4) == 0  # all five gave the best answer
    assert openness(Told(frozenset("x"), 5, 10), 4, 4) == (10 - 6) / 4 / 4
    # four favourable (3 or 4 points) and one not (0 to 2), 12 points: 3, 3, 3, 3, 0 or 4, 3, 3, 3, -1, which cannot be
    assert openness(Told(frozenset("x"), 5, 12, (((0, 2), 1), ((3, 4), 4))), 4, 4) == (12 - 9) / 4 / 4
