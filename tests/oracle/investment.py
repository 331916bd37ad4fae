"""Where the cost of every team went (METRICS.md section 4), day by day with exact fractions, from the raw rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from math import floor
from typing import NamedTuple

from tests.oracle.filed import Filed, filed_initiatives, members
from tests.oracle.flow_items import Item
from tests.oracle.flow_world import FlowWorld, Scope
from tests.oracle.goals import Goals
from tests.oracle.mappings import dated, fits, specificity
from tests.oracle.organization import ORGANIZATION, SMALL_TEAMS, UNASSIGNED
from tests.oracle.periods import Key, Period, Row, Rows, period_start
from tests.oracle.raw_data import Payload

Weights = Mapping[str, Fraction]
NONE, UNALLOCATED = "none", "unallocated"
MILLION = 1_000_000


class Cell(NamedTuple):
    """What a day of work is put down to."""

    value_stream: str
    flow_item_type: str
    category: str
    objective: str


class Work(NamedTuple):
    """A team's share of an item on a day on which it was active. streams: share of each value stream."""

    weight: Fraction
    streams: Weights
    flow_item_type: str
    category: str
    key_result: str | None


def nine(weight: float) -> Fraction:
    """A weight as it is stored, with nine decimals."""
    return Fraction(round(weight * 10**9), 10**9)


def rounded(value: Fraction) -> int:
    """To the nearest whole number, halves up."""
    return floor(value + Fraction(1, 2))


class Investment:
    """The active days of all items and the cost of all teams on the days that are over."""

    def __init__(self, world: FlowWorld) -> None:
        self.world = world
        first = period_start("week", world.calendar.first)
        self.days: list[date] = []
        while world.local.midnight(first + timedelta(days=1)) <= world.as_of:
            self.days.append(first)
            first += timedelta(days=1)
        self.goals = Goals(world)
        self.key_results = self.goals.rows
        self.categories = dated(world.raw.tables.get("work_categories", []), world.local)
        self.initiatives = {
            item.key: item for item in world.items if any(i.level == "initiative" for i in item.identities.values)
        }
        self.filed = filed_initiatives(world.raw.initiatives, world.as_of)
        self.members = members(self.filed, world.items, world.as_of)
        self._by_issue_key = {(item.history.connection, key): item for item in world.items for key in item.history.keys}
        self._streams: dict[tuple[str, date], Weights] = {}
        self.work = self._work()
        self.costs = self._costs()
        self.cells = self._cells()

    # --- what was active ---------------------------------------------------------------------------------------------
    def _work(self) -> dict[tuple[str, date], list[Work]]:
        """(team, day) -> its active items."""
        found: dict[tuple[str, date], dict[str, list[Work]]] = defaultdict(dict)
        known = set(self.days)
        for item in self.world.items:
            for interval in item.intervals:
                if interval.state != "active":
                    continue
                for start, end, identity in item.identities.pieces(interval.start, interval.end):
                    if identity.level != "flow_item" or start >= end:
                        continue
                    for day in self._touched(start, end):
                        if day in known:
                            for team, works in self._shares(item, day, max(start, self.world.local.midnight(day))):
                                found[team, day][item.key] = works
        return {place: [work for works in items.values() for work in works] for place, items in found.items()}

    def _touched(self, start: int, end: int) -> Iterator[date]:
        local = self.world.local
        day = max(local.day(max(start, local.midnight(self.days[0]))), self.days[0])
        last = local.day(min(end, self.world.as_of) - 1)
        while day <= last:
            yield day
            day += timedelta(days=1)

    def _shares(self, item: Item, day: date, moment: int) -> Iterator[tuple[str, list[Work]]]:
        """By team, its shares of an item that is active at a moment of a day."""
        identity = item.identity_at(moment)
        evening = self.world.local.midnight(day + timedelta(days=1)) - 1
        category, key_result = self._category(item, evening), self._key_result(item, day, evening)
        found: dict[str, list[Work]] = defaultdict(list)
        for team, own, weight in self.world.attribution.owners(identity.profile, moment):
            streams = {own: Fraction(1)} if own else self.streams(team, day)
            kind = identity.flow_item_type or "unmapped"
            found[team].append(Work(nine(weight), streams, kind, category, key_result))
        yield from found.items()

    def streams(self, team: str, day: date) -> Weights:
        """Shares of a team's value streams; the largest takes what rounding leaves."""
        if (team, day) not in self._streams:
            named = self.world.attribution.streams_of(team, self.world.local.midnight(day))
            shares = {stream: nine(share) for stream, share in named.items()} or {UNASSIGNED: Fraction(1)}
            largest = min(shares, key=lambda stream: (-shares[stream], stream))
            shares[largest] += 1 - sum(shares.values())
            self._streams[team, day] = shares
        return self._streams[team, day]

    def _category(self, item: Item, moment: int) -> str:
        profile = item.identity_at(moment).profile
        held = self.world.attribution.conditions(item.history, moment)
        matching = [
            rule
            for rule in self.categories
            if rule.is_in_force(moment)
            and fits(rule.row, profile.connection, profile.project, profile.issue_type)
            and (
                rule.row.get("condition_field") is None
                or (rule.row["condition_field"], str(rule.row["condition_value"]).lower()) in held
            )
        ]
        best = sorted(matching, key=lambda rule: (-specificity(rule.row), -rule.start, rule.row["work_category"]))
        return best[0].row["work_category"] if best else NONE

    def _key_result(self, item: Item, day: date, evening: int) -> str | None:
        above = self.parent(item, evening)
        if above is not None and above.key in self.initiatives:
            row = self.key_result_of(above, evening, day)
        else:
            filed = self.members.get(item.key) or (self.members.get(above.key) if above else None)
            row = self.key_result_of(filed, evening, day) if filed else None
        return row["key_result_id"] if row else None

    def parent(self, item: Item, moment: int) -> Item | None:
        """What the tracker puts an item below at a moment."""
        parent, connection = item.history.epic.at(moment), item.history.connection
        if parent is None or (parent.id is None and parent.name is None):
            return None
        by_id = self.world.by_key.get(f"{connection}:{parent.id}")
        return by_id or self._by_issue_key.get((connection, parent.name or ""))

    def key_result_of(self, initiative: Item | Filed, moment: int, day: date) -> Payload | None:
        """The key result in force on a day that an initiative names at a moment."""
        named = self.goals.named_by(initiative, moment)
        return next((r for r in self.key_results if named == r["key_result_id"].lower() and is_in_force(r, day)), None)

    # --- what it cost ------------------------------------------------------------------------------------------------
    def _costs(self) -> dict[tuple[str, date], int]:
        """(team, day) -> cents."""
        found = {}
        lives: dict[str, list[tuple[date, date]]] = defaultdict(list)
        for row in self.world.raw.tables.get("teams", []):
            end = _day(row, "valid_to", date.max)
            lives[row["team_id"]].append((_day(row, "valid_from", date.min), end if end <= self.today else date.max))
        for row in self.world.raw.tables.get("team_costs", []):
            if row.get("month"):
                first = date.fromisoformat(row["month"])
                end = (first + timedelta(days=32)).replace(day=1)
            else:
                first = date.fromisoformat(row["starts_on"])
                end = date.fromisoformat(row["ends_on"]) + timedelta(days=1)
            spans = lives[row["team_id"]]
            first, end = max(first, min(s[0] for s in spans)), min(end, max(s[1] for s in spans))
            cents, count = rounded(Fraction(row["amount"]) * 100), (end - first).days
            for n in range(count):
                day = first + timedelta(days=n)
                if self.world.calendar.first <= day <= self.days[-1]:
                    before, after = (rounded(Fraction(cents * k, count)) for k in (n, n + 1))
                    found[row["team_id"], day] = after - before
        return found

    @property
    def today(self) -> date:
        """The local day of the run."""
        return self.world.local.day(self.world.as_of)

    def objective_of(self, key_result: str | None, day: date) -> str:
        """The objective of a key result on a day, or none."""
        rows = [r for r in self.key_results if r["key_result_id"] == key_result and is_in_force(r, day)]
        return rows[0]["objective_id"] if rows else NONE

    def _cells(self) -> dict[tuple[str, date], dict[Cell, tuple[Fraction, int | None]]]:
        """(team, month) -> cell -> item-days and whole cents."""
        days: dict[tuple[str, date], dict[Cell, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        cents: dict[tuple[str, date], dict[Cell, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
        totals: dict[tuple[str, date], int] = defaultdict(int)
        for (team, day), works in self.work.items():
            if day < self.world.calendar.first:
                continue
            cost, active = self.costs.get((team, day)), sum(work.weight for work in works)
            for work in works:
                for stream, share in work.streams.items():
                    cell = Cell(stream, work.flow_item_type, work.category, self.objective_of(work.key_result, day))
                    days[team, day.replace(day=1)][cell] += nine(float(work.weight * share))
                    if cost:
                        cents[team, day.replace(day=1)][cell] += cost * work.weight * share / active
        for (team, day), cost in self.costs.items():
            totals[team, day.replace(day=1)] += cost
            if (team, day) not in self.work and cost:
                for stream, share in self.streams(team, day).items():
                    cents[team, day.replace(day=1)][Cell(stream, *[UNALLOCATED] * 3)] += cost * share
        return {
            place: self._whole(days[place], cents[place], totals.get(place))
            for place in sorted(days.keys() | cents.keys())
        }

    @staticmethod
    def _whole(
        days: Mapping[Cell, Fraction], cents: Mapping[Cell, Fraction], total: int | None
    ) -> dict[Cell, tuple[Fraction, int | None]]:
        cells = sorted(days.keys() | cents.keys())
        if total is None:
            return {cell: (days[cell], None) for cell in cells}
        exact = {cell: Fraction(rounded(cents.get(cell, Fraction(0)) * MILLION), MILLION) for cell in cells}
        whole = {cell: floor(exact[cell]) for cell in cells}
        left = total - sum(whole.values())
        for cell in sorted(cells, key=lambda cell: (whole[cell] - exact[cell], cell))[:left]:
            whole[cell] += 1
        return {cell: (days.get(cell, Fraction(0)), whole[cell]) for cell in cells}

    # --- what is published -------------------------------------------------------------------------------------------
    def table(self) -> dict[tuple[object, ...], tuple[float, int | None]]:
        """outcomes.fct_investment by its key: item-days and cents."""
        days: dict[tuple[object, ...], Fraction] = defaultdict(Fraction)
        cents: dict[tuple[object, ...], int | None] = {}
        for (team, month), cells in self.cells.items():
            for period in self.world.calendar.periods_of(month):
                if period.grain == "week":
                    continue
                for cell, (item_days, money) in cells.items():
                    objective = self._shown(cell.objective, period)
                    for scope in self._scopes(team, cell.value_stream, period):
                        what = (cell.value_stream, cell.flow_item_type, objective, cell.category)
                        key = (*scope, period.grain, period.start, *what)
                        days[key] += item_days
                        known = cents.setdefault(key, None)
                        if money is not None:
                            cents[key] = (known or 0) + money
        return {key: (float(days[key]), cents[key]) for key in days}

    def _scopes(self, team: str, stream: str, period: Period) -> Iterator[Scope]:
        name = self.world.organization.team_scope(team, period)
        if not self.world.organization.is_suppressed("team", name, period):
            yield "team", name
        yield "value_stream", stream
        yield ORGANIZATION, ORGANIZATION

    def _shown(self, objective: str, period: Period) -> str:
        owners = self._owners_of(objective, period)
        is_small = any(self.world.organization.team_scope(team, period) == SMALL_TEAMS for team in owners)
        return SMALL_TEAMS if is_small else objective

    def _owners_of(self, objective: str, period: Period) -> set[str]:
        """The teams that own an objective on a day of a period."""
        row = self.goals.objective_rows.get(objective)
        if row is not None:
            return {row["owner_id"]} if row["level"] == "team" else set()
        return self.goals.teams_of(objective, period)

    def item_days(self) -> dict[tuple[Scope, Period], dict[tuple[str | None, bool], Fraction]]:
        """(scope, period) -> (key result, whether a feature) -> item-days."""
        found: dict[tuple[Scope, Period], dict[tuple[str | None, bool], Fraction]] = defaultdict(
            lambda: defaultdict(Fraction)
        )
        for (team, day), works in self.work.items():
            for period in self._periods_of(day):
                name = self.world.organization.team_scope(team, period)
                for work in works:
                    what = (work.key_result, work.flow_item_type == "feature")
                    found[("team", name), period][what] += work.weight
                    for stream, share in work.streams.items():
                        weight = nine(float(work.weight * share))
                        found[("value_stream", stream), period][what] += weight
                        found[(ORGANIZATION, ORGANIZATION), period][what] += weight
        return found

    def _periods_of(self, day: date) -> list[Period]:
        return [p for p in self.world.calendar.periods_of(day) if p.start <= day < p.end]

    def new_capability_rows(self) -> Rows:
        """new_capability_share for every scope and period."""
        days, rows = self.item_days(), {}
        for scope, period in every_scope(self.world):
            found = days.get((scope, period), {})
            features = float(sum(d for (_, is_feature), d in found.items() if is_feature))
            key = Key("new_capability_share", *scope, period.grain, period.start, "all")
            rows[key] = share_row(self.world, scope, period, features, float(sum(found.values())))
        return rows


def is_in_force(row: Payload, day: date) -> bool:
    """Whether a key result is one on a day."""
    first, last = date.fromisoformat(row["starts_on"]), _day(row, "ends_on", date.max)
    return first <= day <= last and _day(row, "valid_from", date.min) <= day < _day(row, "valid_to", date.max)


def every_scope(world: FlowWorld) -> Iterator[tuple[Scope, Period]]:
    """Every scope that exists in every period."""
    for period in world.calendar.periods:
        for scope in world.organization.scopes(period):
            yield scope, period


def share_row(
    world: FlowWorld, scope: Scope, period: Period, numerator: float, denominator: float, n: int | None = None
) -> Row:
    """A share as it is published: nothing of too few people, partial before the tracker's history begins."""
    if world.organization.is_suppressed(*scope, period):
        return Row(None, None, None, 0, "suppressed")
    if not denominator:
        return Row(None, None, None, 0, "no_data")
    teams = world.organization.teams if scope == ("team", SMALL_TEAMS) else ()
    names = {name for name in teams if world.organization.team_scope(name, period) == SMALL_TEAMS} or {scope[1]}
    starts = [world.raw.start_dates.get(c) for name in names for c in world.sources.get((scope[0], name), ())]
    is_partial = any(start is not None and period.start < start for start in starts)
    count = floor(denominator + 0.5) if n is None else n
    return Row(numerator / denominator, numerator, denominator, count, "partial" if is_partial else "ok")


def _day(row: Payload, name: str, blank: date) -> date:
    return date.fromisoformat(row[name]) if row.get(name) else blank
