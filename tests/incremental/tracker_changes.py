"""What can happen in the tracker of the small world between two nights (see changes.py)."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from tests.incremental.tracker import (
    CANCELLED,
    COMPONENTS,
    EPIC,
    KEY_RESULT_TYPE,
    OBJECTIVE_TYPE,
    PROJECTS,
    TEAM_NAMES,
    WORKFLOW,
    Item,
)
from tests.incremental.world import World


def some_item(world: World, chance: random.Random, *statuses: str, **values: object) -> Item:
    """Some visible issue, preferably in one of these statuses and with these values."""
    items = [item for item in world.tracker.visible(world.now) if item.created < world.now - timedelta(days=3)]
    states = [(item, item.state(world.now)) for item in items]
    wanted = [
        item
        for item, state in states
        if (not statuses or state["status"] in statuses) and all(state[name] == value for name, value in values.items())
    ]
    return chance.choice(wanted or items)


def named(world: World, items: list[Item]) -> str:
    """Ids and keys of issues, for what a change says it did."""
    return ", ".join(f"{item.id} ({item.state(world.now)['key']})" for item in items)


def _past(world: World, chance: random.Random, item: Item) -> datetime:
    """A moment of an issue's past."""
    seconds = (world.now - item.created).total_seconds()
    return item.created + timedelta(seconds=int(seconds * chance.uniform(0.05, 0.95)))


def backdated_statuses(world: World, chance: random.Random) -> str:
    """Transitions that happened in the past and are told only now."""
    items = [some_item(world, chance) for _ in range(3)]
    for item in items:
        at = _past(world, chance, item)
        back = item.state(world.now, at=at)["status"]
        world.tracker.put(item, at, "status", chance.choice([id_ for id_ in WORKFLOW if id_ != back]), world.now)
        if chance.random() < 0.8:
            world.tracker.put(item, at + timedelta(hours=chance.randint(1, 90)), "status", back, world.now)
    return f"backdated status changes of {named(world, items)}"


def backdated_values(world: World, chance: random.Random) -> str:
    """Type, labels and parent that were another in the past; bugs that turn out to have been found elsewhere."""
    items = [some_item(world, chance) for _ in range(3)]
    epics = [item.id for item in world.tracker.existing(world.now) if item.fields["type"] == EPIC]
    for item in items:
        at = _past(world, chance, item)
        world.tracker.put(item, at, "type", chance.choice(["101", "102", "103"]), world.now)
        world.tracker.put(item, at, "labels", (chance.choice(["security", "payout", "interrupt"]),), world.now)
        world.tracker.put(item, at, "parent", chance.choice([*epics, None]), world.now)
    bugs = [some_item(world, chance, type="102") for _ in range(3)]
    for bug in bugs:
        world.tracker.put(bug, _past(world, chance, bug), "found_in", chance.choice(["production", "test"]), world.now)
    return f"backdated type, labels and parent of {named(world, items)}, where {named(world, bugs)} were found"


def deletions(world: World, chance: random.Random) -> str:
    """Issues are deleted: open ones and done ones."""
    items = [some_item(world, chance, *statuses) for statuses in (("2", "3", "4"), ("6",))]
    for item in items:
        item.deleted_at = world.now
    return f"deleted {[item.id for item in items]}"


def moves(world: World, chance: random.Random) -> str:
    """Issues move to another project and get another key."""
    items = [some_item(world, chance, *statuses) for statuses in (("1", "2", "3"), ("6",))]
    for item in items:
        here = item.state(world.now)["project"]
        world.tracker.move(item, world.now, chance.choice([project for project in PROJECTS if project != here]))
    return f"moved {named(world, items)}"


def lost_permission(world: World, chance: random.Random) -> str:
    """The account loses a project, for two or three nights."""
    project, days = chance.choice(list(PROJECTS)), chance.randint(2, 5)
    world.tracker.hidden.setdefault(project, []).append((world.now, world.now + timedelta(days=days)))
    return f"project {project} cannot be seen for {days} days"


def late_changelogs(world: World, chance: random.Random) -> str:
    """Issues change, and their changelogs come only a night later."""
    items = [some_item(world, chance, *WORKFLOW[:4]) for _ in range(4)]
    for item in items:
        to = WORKFLOW[WORKFLOW.index(item.state(world.now)["status"]) + 1 :] if _walks(world, item) else ("3",)
        world.tracker.put(item, world.now - timedelta(minutes=30), "status", chance.choice(to))
        world.tracker.late.add(item.id)
    new = world.tracker.create(world.now - timedelta(hours=5), "PAY", "101", "Told in two parts")
    world.tracker.put(new, world.now - timedelta(hours=2), "status", "3")
    world.tracker.late.add(new.id)
    return f"changelogs come late of {named(world, [*items, new])}"


def _walks(world: World, item: Item) -> bool:
    return item.state(world.now)["status"] in WORKFLOW[:-1]


def reopened(world: World, chance: random.Random) -> str:
    """Done issues are worked on again; one goes back to new, one is a misclick."""
    items = [some_item(world, chance, "6") for _ in range(3)]
    for number, item in enumerate(items):
        at = world.now - timedelta(minutes=50 - number)
        world.tracker.put(item, at, "status", ("3", "1", "4")[number])
        if number == 2:
            world.tracker.put(item, at + timedelta(minutes=10), "status", "6")
    return f"reopened {named(world, items)}"


def broken_clock(world: World, chance: random.Random) -> str:
    """A changelog that contradicts itself: a wrong previous status, two changes at one moment, one before creation."""
    items = [some_item(world, chance) for _ in range(3)]
    tracker, at = world.tracker, world.now - timedelta(minutes=5)
    names = tracker.status_names
    wrong = {"field": "status", "fieldId": "status", "fieldtype": "jira", "from": "5", "fromString": names["5"]}
    for item, moments in zip(
        items, ([at], [at, at], [item.created - timedelta(hours=1) for item in items[2:]]), strict=True
    ):
        for number, moment in enumerate(moments):
            to = ("3", "4")[number]
            tracker._write(item, moment, world.now, [{**wrong, "to": to, "toString": names[to]}], {"status": to})
    return f"contradictory changelogs of {named(world, items)}"


def sprints_changed(world: World, chance: random.Random) -> str:
    """Issues are put into a sprint that runs, others taken out; a sprint closes another day than it did."""
    tracker, items = world.tracker, [some_item(world, chance, project="APP") for _ in range(4)]
    running = [sprint for sprint in tracker.sprints if sprint["planned"] <= world.now]
    for item in items:
        sprints = item.state(world.now)["sprints"]
        now = sprints[:-1] if len(sprints) > 1 else tuple(dict.fromkeys((*sprints, running[-1]["id"])))
        tracker.put(item, world.now - timedelta(minutes=3), "sprints", now)
    closed = chance.choice(running)
    closed["close"] += timedelta(hours=chance.choice([-20, 20]))
    tracker.columns = [*tracker.columns[:-1], chance.choice([("Done", ("6",)), ("Closed", ("6", "7"))])]
    return f"sprints of {named(world, items)}; {closed['name']} closed at another time; board columns changed"


def links_changed(world: World, chance: random.Random) -> str:
    """Issues are linked as blocked, others unlinked."""
    items = [some_item(world, chance, "2", "3", "4") for _ in range(4)]
    for item, other in zip(items[:2], items[2:], strict=True):
        if item.id != other.id:
            world.tracker.link(item, other, world.now - timedelta(minutes=2))
    linked = [item for item in world.tracker.visible(world.now) if item.state(world.now)["links"]]
    world.tracker.unlink(chance.choice(linked), world.now - timedelta(minutes=1)) if linked else None
    return f"links of {named(world, items)}"


def values_changed(world: World, chance: random.Random) -> str:
    """Labels, components, points, teams, titles, flags and costs of delay change."""
    items = [some_item(world, chance) for _ in range(8)]
    at = world.now - timedelta(minutes=4)
    new = {
        "labels": ("security", "payout"), "components": (chance.choice(list(COMPONENTS)),),
        "points": float(chance.choice([1, 13])), "team": chance.choice([*TEAM_NAMES, None]), "summary": "Renamed work",
        "flagged": True, "cost_of_delay": float(chance.choice([100, 900])), "type": chance.choice(["101", "102", EPIC]),
    }  # fmt: skip
    for item, (name, value) in zip(items, new.items(), strict=True):
        world.tracker.put(item, at, name, value)
    return f"values of {named(world, items)}"


def outcomes_changed(world: World, chance: random.Random) -> str:
    """Initiatives get and lose their outcome, its type, key result and children."""
    items = [some_item(world, chance, type=EPIC) for _ in range(3)]
    for item in items:
        at = world.now - timedelta(minutes=6)
        world.tracker.put(item, at, "outcome", chance.choice(["Half the returns", "tbd", None]))
        world.tracker.put(item, at, "key_result", chance.choice(["KR-1", None]))
        world.tracker.put(item, at, "outcome_type", chance.choice(["Business", "Reliability", None]))
    child = some_item(world, chance, "3")
    world.tracker.put(child, world.now - timedelta(minutes=5), "parent", items[0].id)
    return f"outcomes of {named(world, items)}; {child.id} has another parent"


def backdated_outcomes(world: World, chance: random.Random) -> str:
    """Outcomes, types, reviews and verdicts that were another in the past, told only now."""
    new = {
        "outcome": "Fewer of the returns",
        "outcome_type": "Cost",
        "actual_outcome": "Half of them",
        "verdict": "Partly",
    }
    items = [some_item(world, chance, type=EPIC) for _ in new]
    for item, (name, value) in zip(items, new.items(), strict=True):
        world.tracker.put(item, _past(world, chance, item), name, value, world.now)
    return f"backdated outcomes of {named(world, items)}"


def goals_changed(world: World, chance: random.Random) -> str:
    """Key results that are looked at in the past, aim elsewhere, go below another goal, move, and are given up."""
    tracker, now = world.tracker, world.now
    goals = [item for item in tracker.visible(now) if item.state(now)["type"] == KEY_RESULT_TYPE]
    above = [item.id for item in tracker.existing(now) if item.state(now)["type"] == OBJECTIVE_TYPE]
    looked_at, aimed, backdated, lower, moved, given_up = (chance.choice(goals) for _ in range(6))
    tracker.put(looked_at, now - timedelta(minutes=8), "current", f"{chance.randint(1, 40)}")
    tracker.put(looked_at, now - timedelta(minutes=7), "confidence", f"0.{chance.randint(1, 9)}")
    tracker.put(aimed, _past(world, chance, aimed), "target", float(chance.randint(41, 90)), now)
    tracker.put(backdated, _past(world, chance, backdated), "current", f"{chance.randint(1, 40)}", now)
    tracker.put(lower, now - timedelta(minutes=6), "parent", chance.choice([*above, None]))
    here = moved.state(now)["project"]
    tracker.move(moved, now - timedelta(minutes=5), chance.choice([key for key in PROJECTS if key != here]))
    tracker.put(given_up, now - timedelta(minutes=4), "status", CANCELLED)
    epic = some_item(world, chance, type=EPIC)
    tracker.put(epic, now - timedelta(minutes=3), "parent", chance.choice(goals).id)
    told = [looked_at, aimed, backdated, lower, moved, given_up, epic]
    return f"looked at, aimed, backdated, below another, moved, given up, named: {named(world, told)}"


def unchanged_touch(world: World, chance: random.Random) -> str:
    """Issues are updated without a change that we read (a comment)."""
    items = [some_item(world, chance) for _ in range(5)]
    for item in items:
        item.touched.append(world.now)
    return f"touched {named(world, items)}"


def renamed(world: World, chance: random.Random) -> str:
    """A status and a type are renamed; their ids stay."""
    status, type_ = chance.choice(["3", "4", "9"]), chance.choice(["102", "103", "106"])
    world.tracker.status_names[status] += " 2"
    world.tracker.type_names[type_] += " 2"
    return f"status {status} and type {type_} renamed"
