"""Initiatives that the small company keeps in files beside its tracker: how they live, and what becomes of the files.

A file tells only what holds now, but for the fields of the outcome, of which most have a history. In a normal life
nothing is written that an earlier clock would have to know (`live`); what people do to files is a change (`mend`).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

Plan = dict[str, Any]
FILES = ("even.jsonl", "odd.jsonl")
A_DAY, WITH_HISTORY = 0.16, 0.8
TEAMS = ("alpha", "beta", "gamma", "delta", None, "nobody")
OUTCOMES = ("Fewer abandoned carts", "Calls about refunds fall by half", "tbd")
WORDS = {
    "anticipated_outcome": (*OUTCOMES, None), "actual_outcome": ("Fell by a fifth", "tbd", None),
    "verdict": ("Achieved", "Partly", "Not achieved", "Too early", "Hooray"),
    "outcome_type": ("Customer", "Risk", "Cost", "Odd"), "key_result": ("KR-1", "kr-2", "KR-9", None),
}  # fmt: skip


def file_of(plan: str) -> str:
    """The file in which an initiative stands."""
    return FILES[int(plan[-1]) % 2]


def text(at: datetime) -> str:
    """A time as the files tell it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def live(plans: dict[str, Plan], chance: random.Random, day: datetime, keys: Sequence[str]) -> None:
    """A day of all initiatives: some begin, go on, end or are looked at; sometimes there is a new one.

    keys: those of the tracker's items; a new initiative names some of them as its own.
    """
    at = day + timedelta(hours=8, seconds=chance.randrange(8 * 3600))
    for plan in plans.values():
        _advance(plan, chance, at)
    if chance.random() < A_DAY:
        plan = _new(f"p{len(plans)}", chance, at)
        plans[plan["id"]] = plan
        if keys and chance.random() < 0.8:
            plan["items"] = some_keys(chance, keys)


def _new(name: str, chance: random.Random, at: datetime) -> Plan:
    plan: Plan = {
        "id": name, "title": f"Plan {name}", "url": f"https://plans.example/{name}", "state": "new",
        "type": chance.choice(["feature", "feature", "debt", "risk"]), "created_at": text(at),
    }  # fmt: skip
    plan |= {"team": team} if (team := chance.choice(TEAMS)) else {}
    plan |= {"value_stream": chance.choice(["shop", "money"])} if chance.random() < 0.3 else {}
    if chance.random() < 0.1:
        return plan | {"state": chance.choice(["active", "waiting"])}
    for name in ("anticipated_outcome", "outcome_type", "key_result"):
        if value := chance.choice(WORDS[name]):
            plan[name] = value
    return plan | {"history": []} if chance.random() < WITH_HISTORY else plan


def some_keys(chance: random.Random, keys: Sequence[str]) -> list[str]:
    """Keys of items, written in this way and that; one that nobody knows."""
    names = chance.sample(keys, min(6, len(keys)))
    return [f"jira:{name}" if number % 3 else name.lower() for number, name in enumerate(names)] + ["XYZ-1"]


def _advance(plan: Plan, chance: random.Random, at: datetime) -> None:
    dice, has_history = chance.random(), "history" in plan
    if plan["state"] == "new" and dice < 0.08:
        plan |= {"state": "active", "started_at": text(at)}
    elif plan["state"] == "active" and "started_at" in plan and dice < 0.06:
        plan |= (
            {"state": "done", "done_at": text(at)} if dice < 0.05 else {"state": "cancelled", "cancelled_at": text(at)}
        )
    elif plan["state"] == "done" and dice < 0.06:
        if has_history:
            write(plan, chance, chance.choice(["actual_outcome", "verdict"]), at)
        elif "reviewed_at" not in plan:
            plan |= {"actual_outcome": "Fell by a fifth", "verdict": "Partly", "reviewed_at": text(at)}
    elif has_history and dice > 0.97:
        write(plan, chance, chance.choice(["anticipated_outcome", "outcome_type", "key_result"]), at)


def write(plan: Plan, chance: random.Random, name: str, at: datetime) -> None:
    """Put another value into a field that has a history; what stood there from the beginning joins the history."""
    value, history = chance.choice(WORDS[name]), plan["history"]
    if name in plan and not any(entry["field"] == name for entry in history):
        history.append({"field": name, "value": plan[name], "changed_at": plan["created_at"]})
    history.append({"field": name, "changed_at": text(at)} | ({"value": value} if value else {}))


def mend(
    plans: dict[str, Plan], taken_away: set[str], chance: random.Random, now: datetime, keys: Sequence[str]
) -> str:
    """What people do to the files: some initiatives are corrected, a file is taken away or put back."""
    picked = chance.sample(sorted(plans), min(len(plans), len(CORRECTIONS)))
    for name, correct in zip(picked, CORRECTIONS, strict=False):
        correct(plans[name], chance, now)
    plans[chance.choice(picked)]["items"] = some_keys(chance, keys)
    file = chance.choice(FILES)
    taken_away ^= {file}
    return f"plans {', '.join(picked)} corrected, {file} {'taken away' if file in taken_away else 'back'}"


def _backdated_outcome(plan: Plan, chance: random.Random, now: datetime) -> None:
    plan.setdefault("history", [])
    for name in ("anticipated_outcome", "actual_outcome", "key_result"):
        write(plan, chance, name, now - timedelta(days=chance.randint(1, 70), minutes=3))


def _backdated_life(plan: Plan, chance: random.Random, now: datetime) -> None:
    created = now - timedelta(days=chance.randint(40, 110))
    plan |= {"created_at": text(created), "started_at": text(created + timedelta(days=chance.randint(1, 30)))}
    if plan["state"] == "new":
        plan["state"] = "waiting"


def _contradiction(plan: Plan, chance: random.Random, now: datetime) -> None:
    early = datetime.fromisoformat(plan["created_at"]) - timedelta(days=chance.randint(1, 9))
    plan |= {"state": "done", "done_at": text(early)}


def _lost_history(plan: Plan, chance: random.Random, now: datetime) -> None:
    del chance, now
    plan.pop("history", None)


def _other_owner(plan: Plan, chance: random.Random, now: datetime) -> None:
    del now
    plan |= {"team": chance.choice(["alpha", "beta", "epsilon"]), "type": chance.choice(["feature", "debt"])}


def _taken_back(plan: Plan, chance: random.Random, now: datetime) -> None:
    del chance, now
    plan["deleted"] = not plan.get("deleted", False)


def _ended_unstarted(plan: Plan, chance: random.Random, now: datetime) -> None:
    del chance
    plan.pop("started_at", None)
    plan.pop("cancelled_at", None)
    plan |= {"state": "done", "done_at": text(now - timedelta(hours=2))}


CORRECTIONS: tuple[Callable[[Plan, random.Random, datetime], None], ...] = (
    _backdated_outcome, _backdated_life, _contradiction, _lost_history, _other_owner, _taken_back, _ended_unstarted,
)  # fmt: skip
