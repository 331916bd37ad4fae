"""Objectives and key results that are tracker issues, day by day from their histories (METRICS.md section 4)."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from tests.oracle.filed import Filed
from tests.oracle.flow_items import Item
from tests.oracle.flow_world import FlowWorld
from tests.oracle.organization import ORGANIZATION, UNASSIGNED
from tests.oracle.periods import Period
from tests.oracle.raw_data import Payload
from tests.oracle.timeline import BEGINNING

CheckIn = tuple[date, float, float | None]


class Goal(NamedTuple):
    """What an issue said of a key result at the end of a day."""

    objective: str
    level: str
    owner: str
    baseline: float
    target: float
    first: date
    last: date | None


class Goals:
    """Rows like those of key_results.csv with their objective's level and owner, and their check-ins."""

    def __init__(self, world: FlowWorld) -> None:
        self.world, self.local = world, world.local
        self.today = self.local.day(world.as_of)
        tables = world.raw.tables
        self.objective_rows = {row["objective_id"]: row for row in tables.get("objectives", [])}
        filed = {row["key_result_id"].lower(): row["key_result_id"] for row in tables.get("key_results", [])}
        self.issues = [item for item in world.items if self._is_ever(item, "key_result")]
        named: dict[str, list[tuple[bool, int, str, Item]]] = defaultdict(list)
        for item in self.issues:
            for key in self._keys(item):
                named[key.lower()].append((key != self.key_of(item), len(item.key), item.key, item))
        winners = {text: min(found, key=lambda entry: entry[:3])[3] for text, found in named.items()}
        self.known = {text: self.key_of(item) for text, item in winners.items()} | filed
        self.item_of = {text: item for text, item in winners.items() if text not in filed}
        self.published = {
            self.key_of(item): item for item in self.issues if self.item_of.get(self.key_of(item).lower()) is item
        }
        self.rows = [self._filed(row) for row in tables.get("key_results", [])]
        self.rows += [row for key, item in self.published.items() for row in self._rows(key, item)]
        self.check_ins: dict[str, list[CheckIn]] = defaultdict(list)
        for row in tables.get("key_result_check_ins", []):
            confidence = float(row["confidence"]) if row.get("confidence") else None
            self.check_ins[row["key_result_id"]].append(
                (date.fromisoformat(row["date"]), float(row["value"]), confidence)
            )
        for key, item in self.published.items():
            self.check_ins[key] += self._check_ins(item)

    def _filed(self, row: Payload) -> Payload:
        objective = self.objective_rows[row["objective_id"]]
        return row | {"level": objective["level"], "owner_id": objective["owner_id"]}

    # --- issues ------------------------------------------------------------------------------------------------------
    def key_of(self, item: Item) -> str:
        """Its key as of the run."""
        return self._keys(item)[-1]

    @staticmethod
    def _keys(item: Item) -> list[str]:
        return [key for key in item.history.issue_key.values if key]

    def _evening(self, day: date) -> int:
        return min(self.local.midnight(day + timedelta(days=1)) - 1, self.world.as_of)

    def _is_ever(self, item: Item, level: str) -> bool:
        """Whether it was of a level at the end of any day, or before it was made."""
        moments = [BEGINNING, *(self._evening(self.local.day(start)) for start in item.identities.starts[1:])]
        return any(item.identity_at(moment).level == level for moment in moments if moment <= self.world.as_of)

    def _gone(self, item: Item) -> date | None:
        moments = [item.history.gone[0]] if item.history.gone and item.history.gone[1] == "deleted" else []
        if item.intervals and item.intervals[-1].state == "cancelled":
            before = [i for i in item.intervals if i.state != "cancelled"]
            moments.append(before[-1].end if before else item.intervals[0].start)
        return self.local.day(min(moments)) if moments else None

    def parent_of(self, item: Item, moment: int) -> Item | None:
        """The issue above an issue at a moment."""
        parent, connection = item.history.epic.at(moment), item.history.connection
        if parent is None or (parent.id is None and parent.name is None):
            return None
        if parent.id is not None:
            return self.world.by_key.get(f"{connection}:{parent.id}")
        found = [i for i in self.world.items if i.history.connection == connection and i.history.now_key == parent.name]
        return found[0] if found else None

    def _goal(self, item: Item, moment: int, day: date | None) -> Goal | None:
        """What it says at a moment; None where it is no key result. day: None before all days."""
        fields = {name: (line.at(moment) or "").strip() for name, line in item.history.goal.items()}
        objective = self.parent_of(item, moment)
        baseline, target = number(fields["baseline"]), number(fields["target"])
        first = day_of(fields["start"]) if fields["start"] else self.local.day(item.created_at)
        last = day_of(fields["end"])
        gone = objective and self._gone(objective)
        if (
            item.identity_at(moment).level != "key_result" or objective is None or first is None
            or objective.identity_at(moment).level != "objective" or baseline is None or target in (None, baseline)
            or (fields["end"] and (last is None or last <= first)) or (gone and day and day >= gone)
            or self.key_of(objective).lower() in {key.lower() for key in self.objective_rows}
        ):  # fmt: skip
            return None
        level, owner = self._owner(objective, moment)
        assert target is not None
        return Goal(self.key_of(objective), level, owner, baseline, target, first, last)

    def _owner(self, item: Item, moment: int) -> tuple[str, str]:
        owners = self.world.attribution.owners(item.identity_at(moment).profile, moment)
        team, stream, _ = min(owners, key=lambda owner: (-round(owner[2], 9), owner[0], owner[1] or "\uffff"))
        if team != UNASSIGNED:
            return "team", team
        return ("value_stream", stream) if stream else ("company", ORGANIZATION)

    def _days(self, item: Item) -> Iterator[tuple[date | None, Goal | None]]:
        yield None, self._goal(item, BEGINNING, None)
        day = min(self.local.day(item.created_at), self.world.calendar.first) - timedelta(days=1)
        while day <= self.today:
            yield day, self._goal(item, self._evening(day), day)
            day += timedelta(days=1)

    def _rows(self, key: str, item: Item) -> Iterator[Payload]:
        gone, row, before = self._gone(item), None, None
        for day, goal in self._days(item):
            if gone is not None and day is not None and day >= gone:
                goal = None
            if goal == before and (day is not None or goal is None):
                continue
            if row is not None:
                yield row | {"valid_to": None if day is None else day.isoformat()}
            before, row = goal, goal and _row(key, goal, day)
        if row is not None:
            yield row

    def _check_ins(self, item: Item) -> Iterator[CheckIn]:
        """The value at the end of each day on which it was written, the first on the day of creation."""
        line, sure = item.history.goal["value"], item.history.goal["confidence"]
        created = self.local.day(item.created_at)
        days = {created} | {self.local.day(max(start, item.created_at)) for start in line.starts[1:]}
        for day in sorted(days):
            value = number(line.at(self._evening(day)) or "")
            if value is not None:
                confidence = number(sure.at(self._evening(day)) or "")
                yield day, value, confidence if confidence is not None and 0 < confidence <= 1 else None

    def teams_of(self, objective: str, period: Period) -> set[str]:
        """The teams that own an issue that is an objective, by its key, at the end of any day of a period."""
        found = set()
        for item in self.world.items:
            if self.key_of(item) == objective:
                for number in range((period.end - period.start).days):
                    moment = self._evening(period.start + timedelta(days=number))
                    if item.identity_at(moment).level == "objective":
                        level, owner = self._owner(item, moment)
                        found |= {owner} if level == "team" else set()
        return found

    # --- initiatives -------------------------------------------------------------------------------------------------
    def named_by(self, initiative: Item | Filed, moment: int) -> str:
        """The id in lower case that an initiative names: by its field, else by the issue it lies below; '' for none."""
        text = (initiative.history.key_result.at(moment) or "").strip().lower()
        if text or isinstance(initiative, Filed):
            return self.known.get(text, text).lower()
        above = self.parent_of(initiative, moment)
        found = {self.known[text] for text, item in self.item_of.items() if item is above}
        return found.pop().lower() if found else ""


def _row(key: str, goal: Goal, day: date | None) -> dict[str, Any]:
    return {
        "key_result_id": key, "objective_id": goal.objective, "level": goal.level, "owner_id": goal.owner,
        "baseline": goal.baseline, "target": goal.target, "starts_on": goal.first.isoformat(),
        "ends_on": goal.last and goal.last.isoformat(), "valid_from": day and day.isoformat(), "valid_to": None,
    }  # fmt: skip


def number(text: str) -> float | None:
    """A plain number."""
    plain = re.fullmatch(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", text.strip(), re.IGNORECASE | re.ASCII)
    return float(text) if plain else None


def day_of(text: str) -> date | None:
    """The day a text begins with."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None
