"""Objectives and key results that the small world keeps as issues: made in its first weeks, looked at now and then."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from tests.incremental.tracker import KEY_RESULT_TYPE, OBJECTIVE_TYPE, Item, Tracker

FIRST_ID = 5001
"""Ids of their own, so that those of the other issues stay as they are without goals."""
OBJECTIVES: tuple[tuple[int, dict[str, Any]], ...] = (  # day, values; of company, value stream, two teams
    (3, {}), (4, {"labels": ("shared",), "parent": FIRST_ID}), (5, {"labels": ("goal-alpha",), "parent": FIRST_ID}),
    (6, {"team": "t-delta"}),
)  # fmt: skip
# day, which objective (None: below none), baseline, target, first value, and from when to when; OKR-7 is in the file
KEY_RESULTS: tuple[tuple[int, int | None, object, object, object, tuple[int | None, int | None]], ...] = (
    (7, 0, 10.0, 40.0, "12", (0, 182)), (7, 1, 5.0, 1.0, None, (14, None)), (8, 2, 0.0, 7.5, "0", (None, 80)),
    (9, 2, 3.0, 9.0, "4", (0, 120)), (10, 3, 100.0, 50.0, "99", (0, 180)), (11, 0, 1.0, None, "1", (0, 90)),
    (12, None, 1.0, 2.0, "1", (0, 90)), (13, 1, "much", 2.0, "about 1", (30, 20)),
)  # fmt: skip
KEYS = tuple(f"OKR-{number}" for number in range(len(OBJECTIVES) + 1, len(OBJECTIVES) + len(KEY_RESULTS) + 1))
VALUES = ("15", "8.5", "22", "about 30", None, "3")
CONFIDENCES = ("0.5", "0.9", "70", None)


def is_goal(item: Item) -> bool:
    """Whether an issue was made as an objective or a key result."""
    return item.fields["type"] in (OBJECTIVE_TYPE, KEY_RESULT_TYPE)


def set_goals(tracker: Tracker, origin: datetime, day: datetime) -> None:
    """Make the goals of a day."""

    def date_of(number: int | None) -> str | None:
        return None if number is None else (origin + timedelta(days=number)).date().isoformat()

    made = sum(is_goal(item) for item in tracker.items.values())
    plans = [(on, OBJECTIVE_TYPE, values) for on, values in OBJECTIVES]
    for on, objective, baseline, target, value, (first, last) in KEY_RESULTS:
        parent = None if objective is None else FIRST_ID + objective
        values = {"parent": parent, "baseline": baseline, "target": target, "current": value}
        plans.append((on, KEY_RESULT_TYPE, values | {"starts": date_of(first), "ends": date_of(last)}))
    for number, (on, type_, values) in enumerate(plans):
        if number >= made and origin + timedelta(days=on) == day:
            tracker.create(
                day + timedelta(hours=9), "OKR", type_, f"Goal {number + 1}", id_=FIRST_ID + number, **values
            )


def look_at(tracker: Tracker, item: Item, day: datetime, chance: random.Random) -> None:
    """What becomes of a goal on a day: a check-in, another confidence, target or last day; seldom its end."""
    at = max([day + timedelta(hours=17), *(change.at + timedelta(minutes=1) for change in item.changes)])
    dice = chance.random()
    if item.fields["type"] == OBJECTIVE_TYPE:
        return
    if dice < 0.12:
        tracker.put(item, at, "current", chance.choice(VALUES))
        if dice < 0.03:
            tracker.put(item, at + timedelta(minutes=1), "current", chance.choice(VALUES))
    elif dice < 0.17:
        tracker.put(item, at, "confidence", chance.choice(CONFIDENCES))
    elif dice < 0.18:
        tracker.put(item, at, "target", float(chance.randint(2, 60)))
    elif dice < 0.19:
        tracker.put(item, at, "ends", (day + timedelta(days=chance.randint(5, 90))).date().isoformat())
