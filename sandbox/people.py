"""Acme's people: made-up names, accounts, and who was in which team when."""

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sandbox.clock import midnight
from sandbox.teams import FIRST_DAY, REORGANISATION, TEAMS
from sandbox.world import Actor

_FIRST = (
    "Marta", "Jonas", "Aylin", "Tomasz", "Ingrid", "Luca", "Fatima", "Henrik", "Chiara", "Mateusz", "Sofia",
    "Kwame", "Elif", "Bastian", "Noor", "Pavel", "Amelie", "Diego", "Hanna", "Rajesh", "Yuki", "Olena",
    "Sebastian", "Priya", "Anders", "Camille", "Milan", "Zeynep", "Thomas", "Beatriz", "Viktor", "Aisha", "Jakob",
    "Lena", "Kofi", "Nadia", "Emil", "Saskia", "Rafael", "Mei", "Dmitri", "Clara", "Oskar", "Leila", "Stefan",
    "Ines", "Arjun", "Greta", "Felix", "Amara",
)  # fmt: skip
_LAST = (
    "Kowalska", "Weber", "Demir", "Nowak", "Lindqvist", "Rossi", "Haddad", "Solberg", "Bianchi", "Zielinski",
    "Almeida", "Mensah", "Yilmaz", "Krueger", "Rahman", "Novotny", "Dubois", "Fernandez", "Schuster", "Iyer",
    "Tanaka", "Shevchenko", "Brandt", "Nair", "Johansson", "Laurent", "Horvat", "Aydin", "Hartmann", "Carvalho",
    "Petrov", "Diallo", "Fischer", "Vogel", "Owusu", "Karimi", "Larsen", "Devries", "Moreno", "Zhang", "Sokolov",
    "Neumann", "Bergstrom", "Farahani", "Wagner", "Marques", "Mehta", "Baumann", "Lehmann", "Okafor",
)  # fmt: skip
_ROLES = ("tech lead", "product manager", "designer", "qa engineer")


@dataclass(slots=True)
class Person:
    """An employee. member_id is what the organisation files know; login and account are what the vendors know."""

    member_id: str
    name: str
    login: str
    account_id: str
    role: str

    @property
    def actor(self) -> Actor:
        """The GitHub account."""
        return Actor(self.login)

    @property
    def jira_user(self) -> dict[str, Any]:
        """The account as Jira shows it inside an issue."""
        return {
            "self": f"https://acme.atlassian.net/rest/api/3/user?accountId={self.account_id}",
            "accountId": self.account_id,
            "emailAddress": f"{self.login}@acme.example",
            "displayName": self.name,
            "active": True,
            "timeZone": "Europe/Berlin",
            "accountType": "atlassian",
        }


@dataclass(slots=True)
class Membership:
    """A stay of a person in a team; None = from the beginning, or open."""

    person: Person
    team_id: str
    valid_from: date | None
    valid_to: date | None


@dataclass(slots=True)
class Staff:
    """Everybody, with fast answers to "who could do this now"."""

    people: list[Person] = field(default_factory=list)
    memberships: list[Membership] = field(default_factory=list)
    _spans: dict[str, list[tuple[int, int, Person]]] = field(default_factory=dict)
    _rosters: dict[tuple[str, int], list[Person]] = field(default_factory=dict)

    def members(self, team_id: str, day: date) -> list[Person]:
        """The members of a team on a day."""
        return [
            m.person
            for m in self.memberships
            if m.team_id == team_id
            and (m.valid_from is None or m.valid_from <= day)
            and (m.valid_to is None or day < m.valid_to)
        ]

    def developers(self, team_id: str, at: int) -> list[Person]:
        """The members of a team who write code at a moment (its first members before it existed)."""
        key = (team_id, at // 604800)
        found = self._rosters.get(key)
        if found is None:
            spans = self._spans[team_id]
            found = [p for first, last, p in spans if first <= at < last] or [p for _, _, p in spans][:8]
            self._rosters[key] = found
        return found

    def index(self) -> None:
        """Prepare the lookups, once everybody is hired."""
        for m in self.memberships:
            if m.person.role not in ("product manager", "designer", "engineering manager"):
                first = midnight(m.valid_from) if m.valid_from else 0
                last = midnight(m.valid_to) if m.valid_to else 1 << 40
                self._spans.setdefault(m.team_id, []).append((first, last, m.person))


def hire(seed: int) -> Staff:
    """Everybody who worked at Acme in the simulated time: first crews, leavers, joiners and the re-organisation."""
    rng = random.Random(f"{seed}:people")
    names = [f"{first} {last}" for first in _FIRST for last in _LAST]
    rng.shuffle(names)
    staff = Staff()
    logins: set[str] = set()

    def person(role: str) -> Person:
        name = names[len(staff.people)]
        first, last = name.lower().split()
        login = rng.choice((f"{first[0]}{last}", f"{first}-{last}", f"{first}{last[0]}"))
        while login in logins:
            login += str(rng.randint(2, 9))
        logins.add(login)
        number = len(staff.people) + 1
        account = f"712020:{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-{rng.getrandbits(48):012x}"
        staff.people.append(Person(f"m{number:03d}", name, login, account, role))
        return staff.people[-1]

    for team in TEAMS:
        crew: list[Membership] = []
        for place in range(team.size):
            role = "engineer" if team.size < 3 or place >= 4 else _ROLES[place]
            if team.operating_model == "em_led" and place == 4:
                role = "engineering manager"
            crew.append(Membership(person(role), team.team_id, team.joins, None))
        if team.size > 2:
            first_day = (team.joins or FIRST_DAY) + timedelta(days=45)
            for _ in range(rng.randint(1, 2)):
                leaves = first_day + timedelta(days=rng.randint(0, 450))
                leaver = rng.choice([m for m in crew[5:] if m.valid_to is None])
                leaver.valid_to = leaves
                crew.append(Membership(person("engineer"), team.team_id, leaves, None))
            if team.size < 14 and rng.random() < 0.6:
                joins = first_day + timedelta(days=rng.randint(30, 400))
                crew.append(Membership(person("engineer"), team.team_id, joins, None))
        staff.memberships.extend(crew)
    for source, target, count in (("returns", "orders", 2), ("billing", "returns", 2)):
        movers = [
            m for m in staff.memberships
            if m.team_id == source and m.person.role == "engineer" and m.valid_from is None and m.valid_to is None
        ][:count]  # fmt: skip
        for mover in movers:
            mover.valid_to = REORGANISATION
            staff.memberships.append(Membership(mover.person, target, REORGANISATION, None))
    staff.index()
    return staff
