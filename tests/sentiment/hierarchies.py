"""Random organisations that answer a survey wave: skewed sizes, non-response, items left out, teams of one opinion."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

DRIVERS = {"speed": "likert", "enps": "nps", "safety": "yes_no", "hours": "number"}
STEPS = {"likert": 4, "nps": 10, "yes_no": 1, "number": 40}


@dataclass(frozen=True)
class Person:
    """Who answered, in which team; `answers` by driver in points from 0; `version` counts corrections."""

    name: str
    team: str
    answers: dict[str, int]
    version: int = 0


@dataclass
class Wave:
    """One wave of one organisation: teams with their value stream and number invited, and who has answered by now."""

    key: str
    value_streams: dict[str, str]
    invited: dict[str, int]
    people: dict[str, Person] = field(default_factory=dict)

    def members(self, driver: str) -> dict[str, list[Person]]:
        """Who answered a driver (or anything: `all`), by team; teams without answers are there."""
        found: dict[str, list[Person]] = {team: [] for team in self.value_streams}
        for person in self.people.values():
            if driver == "all" or driver in person.answers:
                found[person.team].append(person)
        return found


def score(kind: str, points: int) -> float:
    """0 to 100, as the models have it."""
    return 100 * points / STEPS[kind]


def is_favourable(kind: str, points: int) -> bool | None:
    """Whether an answer lies in the top boxes; a number has none."""
    return {"likert": points >= 3, "nps": points >= 8, "yes_no": points == 1}.get(kind)


def organization(key: str, chance: random.Random, most_teams: int = 40) -> Wave:
    """A random wave: 2 to `most_teams` teams in up to 8 value streams, many of them small."""
    count = chance.randint(2, most_teams)
    streams = [f"v{number}" for number in range(chance.randint(1, min(8, count)))]
    value_streams = {f"t{number:02}": chance.choice(streams) for number in range(count)}
    response_rate = chance.uniform(0.3, 1)
    left_out = chance.choice([0, 0.02, 0.1])
    wave = Wave(key, value_streams, {})
    for team in value_streams:
        wave.invited[team] = min(60, max(1, round(chance.lognormvariate(1.9, 0.7))))
        opinion, spread = chance.gauss(0.6, 0.15), chance.choice([0, 0.15, 0.25, 0.25, 0.3, 0.3])
        for number in range(wave.invited[team]):
            if chance.random() < response_rate:
                wave.people[f"{team}-{number}"] = _answer(f"{team}-{number}", team, chance, opinion, spread, left_out)
    return wave


def _answer(
    name: str, team: str, chance: random.Random, opinion: float, spread: float, left_out: float, version: int = 0
) -> Person:
    answers = {}
    for driver, kind in DRIVERS.items():
        if chance.random() >= left_out:
            place = min(1, max(0, chance.gauss(opinion, spread)))
            answers[driver] = round(place * STEPS[kind] * (0.3 if kind == "number" else 1))
    return Person(name, team, answers or {"speed": 2}, version)


def live_on(wave: Wave, chance: random.Random) -> Wave:
    """The next day: late answers (a few, or a whole file), erasures, corrections, sometimes another structure."""
    people, streams = dict(wave.people), dict(wave.value_streams)
    for _ in range(chance.choice([0, 1, 1, 2, 3, 30])):
        team = chance.choice(sorted(streams))
        name = f"{team}-late{len(people)}-{chance.random():.6f}"
        people[name] = _answer(name, team, chance, chance.random(), 0.3, 0.05)
    if chance.random() < 0.3:  # a team's file arrives late, as a whole
        team, opinion = chance.choice(sorted(streams)), chance.random()
        for number in range(chance.randint(4, 12)):
            name = f"{team}-file{number}-{chance.random():.6f}"
            people[name] = _answer(name, team, chance, opinion, 0.3, 0.05)
    for name in chance.sample(sorted(people), min(len(people), chance.choice([0, 1, 1, 2, 12]))):
        del people[name]
    for name in chance.sample(sorted(people), min(len(people), chance.choice([0, 0, 1, 6]))):
        old = people[name]
        people[name] = _answer(name, old.team, chance, chance.random(), 0.3, 0.05, old.version + 1)
    if chance.random() < 0.3:  # a team's file is put right, as a whole
        team, opinion = chance.choice(sorted(streams)), chance.random()
        for name in [name for name, person in people.items() if person.team == team]:
            people[name] = _answer(name, team, chance, opinion, 0.3, 0.05, people[name].version + 1)
    if chance.random() < 0.2:  # a corrected organisation file: a team belongs elsewhere
        streams[chance.choice(sorted(streams))] = chance.choice(sorted(set(streams.values())))
    if chance.random() < 0.2:  # people were filed under the wrong team
        here, there = chance.choice(sorted(streams)), chance.choice(sorted(streams))
        for name in [n for n, person in people.items() if person.team == here][: chance.choice([1, 2, 4, 8])]:
            people[name] = replace(people[name], team=there)
    return Wave(wave.key, streams, wave.invited, people)
