"""Objectives and key results that Acme's payments people keep as issues of their tracker, with what they wrote when."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox import truth
from sandbox.card import Card
from sandbox.clock import DAY, HOUR, moment, utc
from sandbox.people import Person, Staff
from sandbox.process import (
    KEY_RESULT,
    KR_BASELINE,
    KR_CONFIDENCE,
    KR_END,
    KR_START,
    KR_TARGET,
    KR_VALUE,
)
from sandbox.teams import END

PROJECT, OBJECTIVE, KEY_RESULT_TYPE = "OKR", "10011", "10012"
OPEN, WORKING, CANCELLED = "10000", "10002", "10009"
TEAMS = ("payments", "billing", "returns")
STREAM_LABEL, TEAM_LABEL = "payments", "billing"
"""Labels of objectives: that of the value stream, and that of the team."""
_FIRST_ID = 980_000
_SINCE = moment("2025-12-15T10:00")
_OBJECTIVES = (  # summary, label, which objective is above
    ("Customers trust us with their money", None, None),
    ("Every payment goes through", STREAM_LABEL, 0),
    ("Nobody asks what an invoice means", TEAM_LABEL, 1),
)
_KEY_RESULTS = (  # summary, objective, baseline, target, first day, last day
    ("Payments without a second try", 1, 94.0, 99.0, "2026-01-01", "2026-12-31"),
    ("Disputed payments per thousand", 1, 4.5, 1.5, "2026-01-01", "2026-06-30"),
    ("Invoices paid without a question", 2, 61.0, 85.0, None, "2026-09-30"),
    ("Reminders sent by hand", 2, 240.0, 40.0, "2026-02-01", None),
    ("Trust index", 0, 6.2, 8.0, "2026-01-01", "2026-12-31"),
    ("Partners that settle daily", 1, 3.0, None, "2026-01-01", "2026-12-31"),
    ("Complaints about fees", None, 120.0, 60.0, "2026-01-01", "2026-12-31"),
)
RAISED, GIVEN_UP, AIMLESS, LOOSE = "OKR-5", "OKR-7", "OKR-9", "OKR-10"
"""Key results: with a target that is raised and a last day put off; cancelled; without a target; below no objective."""


@dataclass(slots=True)
class _Goal:
    """A key result's card with the truth of it."""

    card: Card
    record: truth.KeyResult


def set_goals(seed: int, staff: Staff, record: truth.Truth) -> list[Card]:
    """Cards with keys and ids, objectives first; their truths are entered into the record."""
    rng = random.Random(f"{seed}:goals")
    person = next(p for p in staff.members("payments", date(2025, 12, 15)) if p.role == "product manager")
    cards: list[Card] = []
    for summary, label, above in _OBJECTIVES:
        parent = None if above is None else cards[above]
        labels = (label,) if label else ()
        cards.append(_card(len(cards), OBJECTIVE, summary, person, parent, labels))
    for plan in _KEY_RESULTS:
        goal = _key_result(len(cards), plan, cards, person)
        _live(rng, goal, person)
        cards.append(goal.card)
        record.key_results[goal.card.key] = goal.record
    return cards


def name_goals(seed: int, initiatives: Sequence[tuple[Card, truth.Initiative]]) -> None:
    """Let initiatives of payments teams that name no key result name one of these, from early 2026 on."""
    rng = random.Random(f"{seed}:goals:named")
    keys = [f"OKR-{len(_OBJECTIVES) + 1 + place}" for place in range(len(_KEY_RESULTS))]
    since = moment("2026-01-12T10:00")
    for card, initiative in initiatives:
        is_named = any(item["fieldId"] == KEY_RESULT for _, _, items, _ in card.history for item in items)
        if initiative.team in TEAMS and not is_named and card.last > since and rng.random() < 0.8:
            at = max(card.created + 2 * HOUR, since + rng.randint(0, 20) * DAY)
            key = rng.choice(keys)
            card.write(at, card.author, "Key Result", KEY_RESULT, None, key, key)


def _card(
    place: int, type_id: str, summary: str, person: Person, parent: Card | None, labels: tuple[str, ...] = ()
) -> Card:
    at = _SINCE + place * 3 * HOUR
    card = Card(PROJECT, type_id, at, person, summary, status=OPEN, parent=parent, labels=labels)
    card.id, card.key = str(_FIRST_ID + place * 3), f"{PROJECT}-{place + 1}"
    card.keys.append((card.created, card.key))
    return card


def _key_result(place: int, plan: tuple[Any, ...], above: Sequence[Card], person: Person) -> _Goal:
    summary, objective, baseline, target, first, last = plan
    parent = None if objective is None else above[objective]
    card = _card(place, KEY_RESULT_TYPE, summary, person, parent)
    values = {KR_BASELINE: baseline, KR_TARGET: target, KR_VALUE: None, KR_CONFIDENCE: None, KR_START: first}
    card.fields |= values | {KR_END: last}
    since = utc(card.created)
    record = truth.KeyResult(
        card.key, parent and parent.key, since, targets=[(since, target)], last_days=[(since, last)], baseline=baseline,
        first_day=first,
    )  # fmt: skip
    return _Goal(card, record)


def _live(rng: random.Random, goal: _Goal, person: Person) -> None:
    """A check-in every three weeks or so, some of them words; what becomes of the four that have a story."""
    card, record = goal.card, goal.record
    at = card.move(moment("2026-01-07T09:00") + rng.randint(0, 5 * HOUR), WORKING, person)
    baseline, aim = record.baseline, record.targets[0][1] or record.baseline * 1.5
    until = moment("2026-04-20T15:00") if card.key == GIVEN_UP else END
    value: str | None = None
    sure: float | None = None
    number = 0
    while (at := at + rng.randint(12, 30) * DAY + rng.randint(0, 4 * HOUR)) < until:
        share = (at - card.created) / (END - card.created) + rng.gauss(0, 0.05)
        new = f"{baseline + share * (aim - baseline):.1f}"
        if card.key == RAISED and number == 2:
            new = "see the dashboard"
        if new != value and card.write(at, person, "Current value", KR_VALUE, value, new, new):
            record.values.append((utc(at), new))
            value = new
        if rng.random() < 0.6:
            now = round(min(max(0.3 + share / 2, 0.1), 1), 1)
            shown = None if sure is None else f"{sure:g}"
            if now != sure and card.write(at + 60, person, "Confidence", KR_CONFIDENCE, shown, f"{now:g}", now):
                record.confidences.append((utc(at + 60), now))
                sure = now
        number += 1
    if card.key == GIVEN_UP:
        record.cancelled_at = utc(card.move(until, CANCELLED, person))
    if card.key == RAISED:
        _raise(card, record, person)


def _raise(card: Card, record: truth.KeyResult, person: Person) -> None:
    """The target becomes harder in March, and in May the last day is put off."""
    harder, later = moment("2026-03-17T11:00"), moment("2026-05-19T11:00")
    old, new = record.targets[0][1], 1.0
    if card.write(harder, person, "Target", KR_TARGET, f"{old:g}" if old else None, f"{new:g}", new):
        record.targets.append((utc(harder), new))
    before, after = "2026-06-30", "2026-09-30"
    if card.date(later, person, "duedate", KR_END, before, after):
        record.last_days.append((utc(later), after))
