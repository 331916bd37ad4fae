"""Acme's incident tickets in Jira: of trouble that PagerDuty knows, soon or late, and of trouble that it does not."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox import truth
from sandbox.card import Card
from sandbox.clock import DAY, HOUR, moment
from sandbox.people import Staff
from sandbox.process import SEVERITY
from sandbox.teams import ACQUISITION, END, FIRST_DAY, SERVICES, service_owner

PROJECT, TYPE = "INC", "10009"
OPEN, WORKING, DONE, CANCELLED = "10000", "10002", "10008", "10009"
MINOR_LABEL = "minor"
"""What people put on tickets that hurt nobody."""
_WATCHED = tuple(service for service in SERVICES if service != "reverse-logistics")
_TITLES = ("Customers cannot order", "Slow answers", "Errors in the log", "Outage")
_QUIET_DAYS = 75.0
_FIRST_ID = 900_000


@dataclass(frozen=True, slots=True)
class _Report:
    """What makes somebody open a ticket."""

    at: int
    service: str | None
    same_as: str | None = None


@dataclass(slots=True)
class Tickets:
    """The tickets as issues, with the service and the incident in another tool that each is about."""

    cards: list[Card] = field(default_factory=list)
    about: list[_Report] = field(default_factory=list)

    def tell(self, record: truth.Truth) -> None:
        """Enter what the closed cards were into the truth."""
        for card, report in zip(self.cards, self.about, strict=True):
            item = card.truth
            severity = item.severities[-1][1] if item.severities else item.priority
            record.work_items[card.id] = item
            record.incidents[card.id] = truth.Incident(
                card.id, "jira", "".join(card.components), report.service, severity, "", item.created_at,
                resolved_times=item.done_times, reopened_times=item.reopened_times, same_as=report.same_as,
                deleted_at=item.deleted_at, cancelled_at=item.cancelled_at,
            )  # fmt: skip


def open_tickets(seed: int, staff: Staff, record: truth.Truth) -> Tickets:
    """Tickets with keys and ids. Incidents of the other tools must have been recorded."""
    rng = random.Random(f"{seed}:tickets")
    found = Tickets()
    for number, report in enumerate(sorted(_reports(rng, record), key=lambda r: (r.at, str(r.service))), 1):
        card = _live(rng, report, staff)
        card.id, card.key = str(_FIRST_ID + number * 3), f"{PROJECT}-{number}"
        card.keys.append((card.created, card.key))
        found.cards.append(card)
        found.about.append(report)
    return found


def _reports(rng: random.Random, record: truth.Truth) -> Iterator[_Report]:
    for paged in list(record.incidents.values()):
        if paged.source == "pagerduty" and paged.same_as is None and paged.severity in ("P1", "P2", "P3", None):
            # some write the ticket when all is over: more than an hour later nothing ties it to the page any more
            draw = rng.random()
            wait = rng.randint(2, 55) * 60 if draw < 0.28 else rng.randint(70, 200) * 60
            if draw < 0.33:
                yield _Report(int(paged.started_at.timestamp()) + wait, paged.service, paged.incident_id)
    for service in (*_WATCHED, None):
        at = moment((ACQUISITION if service == "parcel-hub" else FIRST_DAY).isoformat())
        while (at := at + int(DAY * rng.expovariate(1 / _QUIET_DAYS))) < END:
            yield _Report(at, service)


def _live(rng: random.Random, report: _Report, staff: Staff) -> Card:
    """A ticket from its opening on: taken up, solved, perhaps back again; or found to be none, or forgotten."""
    at = report.at
    person = staff.developers((report.service and service_owner(report.service, at)) or "checkout", at)[0]
    labels = (MINOR_LABEL,) if rng.random() < 0.12 else ()
    card = Card(
        PROJECT, TYPE, at, person, rng.choice(_TITLES),
        status=OPEN, components=(SERVICES[report.service],) if report.service else (), labels=labels,
        priority=rng.choices(("Highest", "High", "Medium", "Low"), (3, 8, 6, 3))[0],
    )  # fmt: skip
    if rng.random() < 0.7:
        said = at if rng.random() < 0.8 else at + rng.randint(300, 3 * HOUR)
        severity = rng.choices(("SEV1", "SEV2", "SEV3", "SEV4"), (2, 5, 6, 3))[0]
        card.choose(said, SEVERITY, severity, person, card.truth.severities)
    fate = rng.random()
    if fate < 0.05:
        card.move(at + rng.randint(20, 90) * 60, CANCELLED, person)
        return card
    begun = card.move(at + int(60 * rng.lognormvariate(2, 0.8)), WORKING, person)
    if fate < 0.09:
        if fate < 0.07:
            card.delete(begun + 3 * DAY)
        return card
    done = card.move(begun + int(60 * rng.lognormvariate(4.4, 0.9)), DONE, person)
    if rng.random() < 0.12:
        again = card.move(done + rng.randint(30, 30 * 60) * 60, WORKING, person)
        card.move(again + int(60 * rng.lognormvariate(4, 0.8)), DONE, person)
    return card
