"""Initiatives: epics and Parcelio's initiatives, with the outcomes that people promise, forget, or write too late."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sandbox import texts, truth
from sandbox.card import Card
from sandbox.clock import DAY, WorkCalendar, utc
from sandbox.people import Person, Staff
from sandbox.process import ACTUAL, ANTICIPATED, COST_OF_DELAY, EPIC_LINK, KEY_RESULT, document, workflow_of
from sandbox.teams import END, FIRST_DAY, START, TEAMS, Team
from sandbox.work import Effort

_KINDS = (
    ("good",) * 22
    + ("blank",) * 7
    + ("placeholder",) * 5
    + ("template",) * 3
    + ("copy_of_title",) * 2
    + ("link_only",) * 2
)
KEY_RESULT_IDS = tuple(f"KR-{number:02d}" for number in range(1, 13))


@dataclass(slots=True)
class Portfolio:
    """All initiatives: efforts by team, the truth by card, and names planted in outcome texts."""

    efforts: dict[str, list[Effort]]
    initiatives: list[tuple[Card, truth.Initiative]]
    planted: list[tuple[Card, truth.Planted]]


class _Planner:
    def __init__(self, seed: int, staff: Staff, calendar: WorkCalendar) -> None:
        self.rng, self.later = random.Random(f"{seed}:initiatives"), random.Random(f"{seed}:initiatives:costs")
        self.staff, self.calendar = staff, calendar
        self.kinds: list[str] = []
        self.portfolio = Portfolio({}, [], [])

    def plan(self) -> Portfolio:
        for place, team in enumerate(team for team in TEAMS if team.size > 2):
            efforts: list[Effort] = []
            begins = (team.joins or FIRST_DAY) + timedelta(days=self.rng.randint(0, 25))
            serial = 0
            while begins < date(2026, 9, 20):
                effort = self._initiative(team, place, serial, begins)
                if effort:
                    efforts.append(effort)
                serial += 1
                begins += timedelta(days=self.rng.randint(58, 88))
            self.portfolio.efforts[team.team_id] = efforts
        return self.portfolio

    def _kind(self) -> str:
        if not self.kinds:
            self.kinds = list(_KINDS)
            self.rng.shuffle(self.kinds)
        return self.kinds.pop()

    def _value(self, kind: str, title: str) -> tuple[str, Any]:
        """An outcome as text and as the field's value."""
        rng = self.rng
        text = {
            "good": lambda: rng.choice(texts.GOOD_OUTCOMES),
            "blank": lambda: rng.choice(texts.BLANK_OUTCOMES),
            "placeholder": lambda: rng.choice(texts.PLACEHOLDER_OUTCOMES),
            "template": lambda: texts.TEMPLATE_OUTCOME,
            "copy_of_title": lambda: rng.choice((title, title.lower(), f"{title}.")),
            "link_only": lambda: rng.choice(texts.LINK_OUTCOMES),
        }[kind]()
        if not text:
            return text, None
        if rng.random() < 0.3:
            return text, rng.choice((text, f" {text}\n"))
        more = ("", "See the discovery notes.") if kind == "good" and rng.random() < 0.3 else ()
        return text, document(text, *more)

    def _initiative(self, team: Team, place: int, serial: int, begins: date) -> Effort | None:
        rng, flow = self.rng, workflow_of(team.project)
        opens = self.calendar.opening(begins) + rng.randint(600, 5 * 3600)
        created = max(opens - int(rng.lognormvariate(3.0, 0.6) * DAY), START + rng.randint(600, 6 * 3600))
        if team.joins:
            created = max(created, self.calendar.opening(team.joins) + rng.randint(600, 9000))
        opens = max(opens, created + 3600)
        closes = self.calendar.after(opens, 8.5 * rng.lognormvariate(3.95, 0.35))
        if created > END:
            return None
        owner = next(p for p in self.staff.members(team.team_id, begins) if p.role == "product manager")
        title = texts.initiative_title(place, team.project, serial)
        draw = rng.random()
        name = {"storefront": "Storefront", "mobile": "Mobile"}.get(team.team_id)
        type_id = "10044" if team.project == "PARC" else "10000"
        labels = ("tech-debt",) if draw < 0.12 and type_id == "10000" else ()
        card = Card(team.project, type_id, created, owner, title, status=flow.new, team_name=name, labels=labels,
                    description="" if draw > 0.8 else f"{title}: why, what and for whom.",
                    priority=rng.choice(("High", "Medium")))  # fmt: skip
        record = truth.Initiative("", team.team_id, [])
        self._anticipate(card, record, owner, opens, closes)
        self._extras(card, owner)
        fate = rng.random()
        if flow.ready and rng.random() < 0.5 and opens - created > 2 * DAY:
            card.move(opens - DAY, flow.ready, owner)
        if fate < 0.08:
            card.move(opens + (20 * DAY if fate < 0.04 else 0), flow.cancelled, owner)
            self.portfolio.initiatives.append((card, record))
            return None
        opens = card.move(opens, flow.coding, owner)
        done = card.move(max(closes, opens + DAY), flow.done, owner)
        if fate > 0.96:
            card.move(done + 9 * DAY, flow.coding, owner)
            card.move(done + 21 * DAY, flow.done, owner)
        if rng.random() < 0.45:
            at = done + rng.randint(5, 80) * DAY
            text = rng.choice(texts.ACTUAL_OUTCOMES)
            if card.write(at, owner, "Actual Outcome", ACTUAL, None, text, document(text)):
                record.actual_outcomes.append(truth.OutcomeText(utc(at), text, None))
        self.portfolio.initiatives.append((card, record))
        return Effort(card, opens, done)

    def _anticipate(self, card: Card, record: truth.Initiative, owner: Person, opens: int, closes: int) -> None:
        """Write the anticipated outcome: at creation, later, too late, or never; sometimes over an earlier text."""
        rng, kind = self.rng, self._kind()
        when = (
            rng.choices(("created", "before", "during", "after"), (60, 14, 16, 10))[0] if kind == "good" else "created"
        )
        first = kind if when == "created" else rng.choice(("blank", "template", "placeholder"))
        text, value = self._value(first, card.summary)
        if first == "good" and rng.random() < 0.2:
            text = self._named(card, text)
            value = document(text)
        card.fields[ANTICIPATED] = value
        record.outcomes.append(truth.OutcomeText(utc(card.created), text, None if first == "good" else first))
        if when == "created" and not (kind == "template" and rng.random() < 0.4):
            if kind == "good" and rng.random() < 0.1:
                self._rewrite(card, record, owner, opens + (closes - opens) // 2, text, "good")
            return
        at = {
            "created": opens + 5 * DAY,
            "before": card.created + (opens - card.created) // 2,
            "during": opens + (closes - opens) // 3,
            "after": closes + 12 * DAY,
        }[when]
        self._rewrite(card, record, owner, at, text, "good")

    def _rewrite(self, card: Card, record: truth.Initiative, owner: Person, at: int, old: str, kind: str) -> None:
        text, value = self._value(kind, card.summary)
        if self.rng.random() < 0.3:
            text = self._named(card, text)
            value = document(text)
        if text != old and card.write(at, owner, "Anticipated Outcome", ANTICIPATED, old or None, text, value):
            record.outcomes.append(truth.OutcomeText(utc(at), text, None))

    def _named(self, card: Card, text: str) -> str:
        """The text with a person's name in it."""
        named = self.rng.choice(self.staff.people)
        text = f"{named.name} agreed it with the customer: {text}"
        self.portfolio.planted.append((card, truth.Planted(named.name, text, "outcome", "")))
        return text

    def _extras(self, card: Card, owner: Person) -> None:
        rng = self.rng
        card.fields[ACTUAL] = None
        card.fields[EPIC_LINK] = None
        card.fields["customfield_10011"] = card.summary
        card.fields[KEY_RESULT] = None
        if rng.random() < 0.5:
            amount = float(rng.randint(2, 20) * 1000)
            card.cost(card.created, amount, owner)
            if self.later.random() < 0.2:
                card.cost(card.created + self.later.randint(5, 40) * DAY, amount * 1.5, owner)
        else:
            card.fields[COST_OF_DELAY] = None
        draw = rng.random()
        if draw < 0.45:
            result = rng.choice(KEY_RESULT_IDS) if draw > 0.05 else rng.choice(("KR-99", "OKR board", "kr 3?"))
            card.write(card.created + 1800, owner, "Key Result", KEY_RESULT, None, result, result)


def plan_initiatives(seed: int, staff: Staff, calendar: WorkCalendar) -> Portfolio:
    """All initiatives of the simulated time."""
    return _Planner(seed, staff, calendar).plan()
