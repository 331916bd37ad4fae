"""Tickets of Acme's security desk: what its penetration tests and hunters of bugs report, and what scanners found too.

They lie beside the incidents, of a type of their own: they are no team's work, but their component names a service.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox import truth
from sandbox.card import Card
from sandbox.clock import DAY, HOUR, moment, utc
from sandbox.people import Staff
from sandbox.process import SEVERITY
from sandbox.teams import ACQUISITION, END, FIRST_DAY, SERVICES, service_owner
from sandbox.tickets import CANCELLED, DONE, OPEN, PROJECT, WORKING
from sandbox.world import GithubWorld

TYPE = "10010"
_CAMPAIGNS = ("2025-03-17T10:00", "2025-11-10T10:00", "2026-05-18T10:00")
_TITLES = ("Session is not ended at logout", "Prices can be read without login", "Weak cipher", "Open redirect",
           "Orders of others can be guessed")  # fmt: skip
_WORDS = (("Critical", "High", "Medium", "Low"), ("SEV1", "SEV2", "SEV3", "SEV4"))
_SERVICES = tuple(service for service in SERVICES if service != "reverse-logistics")
_FIRST_ID = 960_000


@dataclass(frozen=True, slots=True)
class _Report:
    """What somebody tells the security desk. told: advisory -> the name that the ticket gives it."""

    at: int
    service: str | None
    advisory: str | None = None
    told: str | None = None


def open_vulnerabilities(
    seed: int, staff: Staff, github: GithubWorld, first_number: int, record: truth.Truth
) -> list[Card]:
    """Tickets with keys and ids, of which `first_number` is the first. Findings must have been recorded."""
    rng = random.Random(f"{seed}:vulnerabilities")
    reports = [*_tested(rng), *_known(rng, github, record), *_unknown(rng)]
    cards = []
    for number, report in enumerate(sorted(reports, key=lambda r: (r.at, str(r.service), str(r.told)))):
        if report.at <= END:
            card = _live(rng, report, staff)
            card.id, card.key = str(_FIRST_ID + number * 3), f"{PROJECT}-{first_number + number}"
            card.keys.append((card.created, card.key))
            cards.append(card)
    return cards


def _tested(rng: random.Random) -> Iterator[_Report]:
    """What the yearly tests show has no advisory."""
    for campaign in _CAMPAIGNS:
        for _ in range(rng.randint(4, 6)):
            yield _Report(moment(campaign) + rng.randint(0, 5 * DAY), rng.choice((*_SERVICES, None)))


def _known(rng: random.Random, github: GithubWorld, record: truth.Truth) -> Iterator[_Report]:
    """What a scanner found in a service, soon or late; some is there in another service too, or of no service."""
    second_names = {
        each.data["security_advisory"]["cve_id"]: each.data["security_advisory"]["ghsa_id"]
        for repository in github.repositories
        for each in repository.alerts
        if each.kind == "dependabot"
    }
    found = [f for f in record.findings.values() if f.advisory and f.service and f.service != "reverse-logistics"]
    for finding in rng.sample(found, 24):
        at = int(finding.created_at.timestamp()) + rng.randint(-8 * DAY, 25 * DAY)
        draw = rng.random()
        advisory, service = finding.advisory, finding.service
        if draw < 0.2:
            service = rng.choice([other for other in _SERVICES if other != service])
        elif draw < 0.3:
            service = None
        told = second_names.get(advisory) if rng.random() < 0.3 else advisory
        yield _Report(max(at, moment(FIRST_DAY.isoformat())), service, advisory, told or advisory)
    for each in rng.sample(list(record.inbox_findings.values()), 4):
        at = int(each.opened_at.timestamp()) + rng.randint(-5 * DAY, 40 * DAY)
        yield _Report(max(at, moment(FIRST_DAY.isoformat())), each.service, each.advisory, each.advisory)


def _unknown(rng: random.Random) -> Iterator[_Report]:
    """What no scanner knows yet, reported once or twice."""
    for _ in range(5):
        at = rng.randint(moment(ACQUISITION.isoformat()), END - 60 * DAY)
        advisory, service = f"CVE-{utc(at).year}-{rng.randint(70_000, 79_999)}", rng.choice(_SERVICES)
        for number in range(rng.choice((1, 1, 2))):
            yield _Report(at + number * rng.randint(1, 30) * DAY, service, advisory, advisory)


def _live(rng: random.Random, report: _Report, staff: Staff) -> Card:
    """A ticket from its opening on: solved, perhaps back again; found to be none; forgotten."""
    at = report.at
    person = staff.developers((report.service and service_owner(report.service, at)) or "checkout", at)[0]
    is_misplaced = report.service is not None and rng.random() < 0.15
    place = rng.choice(_SERVICES) if is_misplaced else report.service
    is_titled = report.told is not None and rng.random() < 0.3
    card = Card(
        PROJECT, TYPE, at, person, f"Upgrade because of {report.told}" if is_titled else rng.choice(_TITLES),
        status=OPEN, components=(SERVICES[place],) if place else (),
        priority=rng.choices(("Highest", "High", "Medium", "Low", "Lowest"), (2, 4, 6, 3, 1))[0],
    )  # fmt: skip
    if is_misplaced and report.service:
        card.place(at + rng.randint(1, 60) * HOUR, SERVICES[report.service], person)
    if report.told and report.advisory:
        said = at if is_titled or rng.random() < 0.6 else at + rng.randint(1, 30) * DAY
        label = report.told.lower() if rng.random() < 0.3 else report.told
        if is_titled or card.tag(said, label, person):
            card.truth.advisories.append((utc(said), report.advisory))
    if rng.random() < 0.6:
        words = rng.choice(_WORDS)
        card.choose(at, SEVERITY, rng.choices(words, (1, 3, 4, 2))[0], person, card.truth.severities)
    fate = rng.random()
    if fate < 0.15:
        card.move(at + rng.randint(1, 20) * DAY, CANCELLED, person)
    elif fate < 0.82:
        card.last = at
        begun = card.move(at + int(HOUR * rng.lognormvariate(3.5, 0.9)), WORKING, person)
        done = card.move(begun + int(DAY * rng.lognormvariate(2.5, 0.9)), DONE, person)
        if fate > 0.62:
            again = card.move(done + rng.randint(2, 40) * DAY, WORKING, person)
            if fate > 0.72:
                card.move(again + int(DAY * rng.lognormvariate(2, 0.8)), DONE, person)
    return card
