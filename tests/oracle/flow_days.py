"""Flow by local day: how many items were where at the end of each day, and how many had ever come there."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import accumulate
from typing import NamedTuple

from tests.oracle.flow_world import LEVELS, FlowWorld, Scope
from tests.oracle.periods import Period, period_start

STATES = ("new", "waiting", "active", "done", "cancelled")


class Place(NamedTuple):
    """Where something is counted; small teams are still themselves."""

    scope_type: str
    scope_id: str
    level: str
    flow_item_type: str
    state: str


class FlowDays:
    """Running totals of comings and goings, one number a day; the last day is that of the run, up to its clock."""

    def __init__(self, world: FlowWorld) -> None:
        self.world = world
        first = period_start("week", world.calendar.first)
        today = world.local.day(world.as_of)
        self.days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
        # the last day is running: what happens after the clock is on no day
        self._begins = [*(world.local.midnight(day) for day in self.days), world.as_of + 1]
        changes: dict[Place, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        entries: dict[Place, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for item in world.items:
            entered = set()
            for interval in item.intervals:
                if interval.state is None:
                    continue
                for start, end, identity in item.identities.pieces(interval.start, interval.end):
                    if identity.level not in LEVELS or identity.flow_item_type is None:
                        continue
                    begin, stop = self._place(start), self._place(end)
                    for (scope_type, scope_id), weight in identity.shares.items():
                        place = Place(scope_type, scope_id, identity.level, identity.flow_item_type, interval.state)
                        changes[place][begin] += weight
                        changes[place][stop] -= weight
                        if start == interval.start and interval.is_entry and interval.state not in entered:
                            entries[place][begin] += weight
                if interval.is_entry:
                    entered.add(interval.state)
        self.stocks = {place: self._totals(found) for place, found in changes.items()}
        self.entered = {place: self._totals(found) for place, found in entries.items()}

    def _place(self, moment: int) -> int:
        """Number of the day on which it happens: the first of what came before them, their count of what is to come."""
        return max(0, bisect_left(self._begins, moment + 1) - 1)

    def _totals(self, changes: dict[int, float]) -> list[float]:
        return list(accumulate(changes.get(n, 0.0) for n in range(len(self.days))))

    def days_of(self, period: Period) -> range:
        """Numbers of the ended days of a period."""
        begin, end = bisect_left(self.days, period.start), bisect_left(self.days, period.end)
        return range(begin, min(end, len(self.days) - 1))

    def loads(self, period: Period) -> dict[tuple[Scope, str, str, str], float]:
        """(scope, level, type, state) -> item-days of load of a period, small teams together."""
        days = self.days_of(period)
        found: dict[tuple[Scope, str, str, str], float] = defaultdict(float)
        for place, totals in self.stocks.items():
            if place.state in ("active", "waiting"):
                name = place.scope_id
                if place.scope_type == "team":
                    name = self.world.organization.team_scope(name, period)
                scope = (place.scope_type, name)
                found[scope, place.level, place.flow_item_type, place.state] += sum(totals[days.start : days.stop])
        return found

    def by_day(self, series: dict[Place, list[float]]) -> Iterator[tuple[date, Place, float]]:
        """(day, place, items) with small teams together, or left out where they are too few."""
        for number, day in enumerate(self.days):
            if day < self.world.calendar.first:
                continue
            together: dict[Place, float] = defaultdict(float)
            for place, totals in series.items():
                if place.scope_type != "team":
                    yield day, place, totals[number]
                elif (name := self.world.team_of_day(place.scope_id, day)) is not None:
                    together[place._replace(scope_id=name)] += totals[number]
            for place, items in together.items():
                yield day, place, items
