"""Flow metrics (METRICS.md sections 0 and 1) from what every work item really did."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.truth import Identity, Share, Truth, WorkItem
from tests.oracle.organization import Organization, scope_shares
from tests.oracle.periods import Calendar, Key, Period, Row, Rows, percentile_row, ratio_row

TYPES = ("feature", "defect", "risk", "debt")
LEVELS = {"flow_item": "", "initiative": "level:initiative"}
TYPED_INITIATIVES = {"flow_velocity", "flow_load", "flow_distribution", "flow_load_distribution"}
"""What is published of initiatives by type; too few are finished in a period for more."""
IN_PROGRESS = ("active", "waiting")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Life:
    """What one item's life comes to, at one level of the hierarchy.

    cancelled_at: if it is cancelled now; done_at: first Done; active, waiting: time until first Done.
    """

    item: WorkItem
    started_at: datetime | None
    done_at: datetime | None
    cancelled_at: datetime | None
    active: timedelta
    waiting: timedelta

    @property
    def flow_time(self) -> timedelta | None:
        """First start to first Done."""
        return self.done_at - self.started_at if self.done_at and self.started_at else None


def life(item: WorkItem, clock: datetime) -> Life:
    """The life of an item up to the clock, judged by its stays in states."""
    entries = [e for e in item.episodes if e.is_entry]
    done_at = next((e.from_at for e in entries if e.state == "done"), None)
    started_at = next((e.from_at for e in entries if e.state in IN_PROGRESS), None)
    if done_at and started_at and started_at > done_at:
        started_at = None
    until = done_at or clock
    spent = {state: timedelta() for state in IN_PROGRESS}
    for episode in item.episodes:
        if episode.state in IN_PROGRESS and episode.from_at < until:
            spent[episode.state] += min(episode.to_at or until, until) - episode.from_at
    is_cancelled = item.episodes[-1].state == "cancelled"
    cancelled_at = [e.from_at for e in entries if e.state == "cancelled"][-1] if is_cancelled else None
    if item.deleted_at and item.episodes[-1].state not in ("done", "cancelled"):
        cancelled_at = item.deleted_at
    return Life(item, started_at, done_at, cancelled_at, spent["active"], spent["waiting"])


@dataclass(slots=True)
class Pile:
    """Everything that counts for one scope, period, level and type (None: all types). Weights are sums of shares."""

    completed: float = 0.0
    completed_items: int = 0
    flow_days: list[float] = field(default_factory=list)
    lead_days: list[float] = field(default_factory=list)
    active: float = 0.0
    waiting: float = 0.0
    ratios: list[float] = field(default_factory=list)
    measurable_items: int = 0
    skipped: float = 0.0
    arrived: float = 0.0
    arrived_items: int = 0
    cancelled: float = 0.0
    cancelled_items: int = 0
    active_days: float = 0.0
    waiting_days: float = 0.0


Shares = dict[tuple[str, str], float]
Piles = dict[tuple[str, str, Period, str, str | None], Pile]


class FlowOracle:
    """Collects the piles of all scopes and periods; `rows` turns them into published numbers.

    nights: the moments at which the pipeline read the tracker; what was deleted before the first was never seen, and a
    later deletion is known from the night that missed the item.
    """

    def __init__(
        self, truth: Truth, organization: Organization, calendar: Calendar, nights: Iterable[datetime]
    ) -> None:
        self.organization, self.calendar = organization, calendar
        self.nights = sorted(nights)
        self.periods = calendar.periods
        self.piles: Piles = defaultdict(Pile)
        self.day_ends = list(calendar.days())
        self.ends = [end for _, end in self.day_ends]
        self._shares: dict[tuple[Share, Share, Period], Shares] = {}
        self.first_event: datetime | None = None
        for item in truth.work_items.values():
            if item.deleted_at and item.deleted_at <= self.nights[0]:
                continue
            self.first_event = min(self.first_event or item.created_at, item.created_at)
            self._count(life(item, calendar.clock))

    def _piles(self, period: Period, identity: Identity) -> Iterable[tuple[Pile, float]]:
        if identity.level in LEVELS and identity.flow_item_type is not None:
            known = (identity.teams, identity.value_streams, period)
            if known not in self._shares:
                self._shares[known] = scope_shares(self.organization, period, known[0], known[1])
            for (scope_type, scope_id), weight in self._shares[known].items():
                for flow_item_type in (None, identity.flow_item_type):
                    yield self.piles[scope_type, scope_id, period, identity.level, flow_item_type], weight

    def _at(self, at: datetime) -> Iterable[Period]:
        return self.calendar.periods_of(self.calendar.day(at))

    def _count(self, fate: Life) -> None:
        item = fate.item
        if fate.done_at:
            for period in self._at(fate.done_at):
                for pile, weight in self._piles(period, item.identity_at(fate.done_at)):
                    self._complete(pile, weight, fate)
        if fate.started_at:
            for period in self._at(fate.started_at):
                for pile, weight in self._piles(period, item.identity_at(fate.started_at)):
                    pile.arrived += weight
                    pile.arrived_items += 1
        if fate.cancelled_at and not fate.done_at:
            seen = next((n for n in self.nights if item.deleted_at and n >= item.deleted_at), fate.cancelled_at)
            for period in self._at(seen if fate.cancelled_at == item.deleted_at else fate.cancelled_at):
                for pile, weight in self._piles(period, item.identity_at(fate.cancelled_at)):
                    pile.cancelled += weight
                    pile.cancelled_items += 1
        self._load(fate)

    @staticmethod
    def _complete(pile: Pile, weight: float, fate: Life) -> None:
        assert fate.done_at is not None
        pile.completed += weight
        pile.completed_items += 1
        pile.lead_days.append((fate.done_at - fate.item.created_at) / DAY)
        if fate.flow_time is None:
            pile.skipped += weight
            return
        pile.flow_days.append(fate.flow_time / DAY)
        total = fate.active + fate.waiting
        if fate.item.has_waiting and total:
            # times of a shared item count whole in each of its scopes, as in percentiles
            pile.measurable_items += 1
            pile.active += fate.active / DAY
            pile.waiting += fate.waiting / DAY
            pile.ratios.append(fate.active / total)

    def _load(self, fate: Life) -> None:
        item = fate.item
        gone = next((n for n in self.nights if item.deleted_at and n >= item.deleted_at), None)
        for episode in item.episodes:
            if episode.state not in IN_PROGRESS:
                continue
            end = min(t for t in (episode.to_at, gone, self.calendar.clock) if t is not None)
            # a stay counts on the days that end while it lasts; at midnight the day before is the one that ends
            for index in range(bisect_left(self.ends, episode.from_at), len(self.ends)):
                day, day_end = self.day_ends[index]
                if day_end == episode.from_at:
                    continue
                if day_end > end:
                    break
                identity = item.identity_at(day_end - timedelta(microseconds=1))
                for period in self.calendar.periods_of(day):
                    for pile, weight in self._piles(period, identity):
                        if episode.state == "active":
                            pile.active_days += weight
                        else:
                            pile.waiting_days += weight

    def rows(self) -> Rows:
        """Every flow metric of every scope and period."""
        found: Rows = {}
        for period in self.periods:
            days = sum(1 for day, _ in self.day_ends if period.start <= day < period.end)
            has_begun = self.first_event is not None and period.end_at > self.first_event
            for scope_type, scope_id in self.organization.scopes(period):
                is_suppressed = self.organization.is_suppressed(scope_type, scope_id, period)
                for level, prefix in LEVELS.items():
                    whole = self.piles[scope_type, scope_id, period, level, None]
                    for flow_item_type in (None, *TYPES):
                        pile = self.piles[scope_type, scope_id, period, level, flow_item_type]
                        parts = [p for p in (prefix, flow_item_type and f"type:{flow_item_type}") if p]
                        breakdown = "/".join(parts) or "all"
                        for metric, row in _measures(pile, whole, days, flow_item_type is not None):
                            if prefix and flow_item_type and metric not in TYPED_INITIATIVES:
                                continue
                            shown = row if has_begun else Row(None, None, None, 0, "no_data")
                            if is_suppressed:
                                shown = Row(None, None, None, 0, "suppressed")
                            key = Key(metric, scope_type, scope_id, period.grain, period.start, breakdown)
                            found[key] = shown
        return found


def _count_row(value: float, n: int) -> Row:
    return Row(value, None, None, n, "ok")


def _mean_row(total: float, days: int) -> Row:
    return Row(total / days, total, days, days, "ok") if days else Row(None, None, None, 0, "no_data")


def _measures(pile: Pile, whole: Pile, days: int, is_type: bool) -> Iterable[tuple[str, Row]]:
    load, whole_load = pile.active_days + pile.waiting_days, whole.active_days + whole.waiting_days
    begun_or_ended = pile.arrived_items + pile.completed_items
    net = Row(pile.arrived - pile.completed, pile.arrived, pile.completed, begun_or_ended, "ok")
    yield "flow_velocity", _count_row(pile.completed, pile.completed_items)
    yield "flow_time_p50_days", percentile_row(pile.flow_days, 0.5, 5)
    yield "flow_time_p85_days", percentile_row(pile.flow_days, 0.85, 10)
    yield "lead_time_p50_days", percentile_row(pile.lead_days, 0.5, 5)
    yield "lead_time_p85_days", percentile_row(pile.lead_days, 0.85, 10)
    yield "flow_efficiency", ratio_row(pile.active, pile.active + pile.waiting, pile.measurable_items)
    yield "flow_efficiency_median", percentile_row(pile.ratios, 0.5, 5)
    yield "flow_load", _mean_row(load, days)
    yield "flow_load_active", _mean_row(pile.active_days, days)
    yield "flow_load_waiting", _mean_row(pile.waiting_days, days)
    yield "arrivals", _count_row(pile.arrived, pile.arrived_items)
    yield "departures", _count_row(pile.completed, pile.completed_items)
    yield "net_flow", net
    yield "cancelled_items", _count_row(pile.cancelled, pile.cancelled_items)
    yield "skipped_items", _count_row(pile.skipped, pile.completed_items)
    if is_type:
        yield "flow_distribution", ratio_row(pile.completed, whole.completed, whole.completed_items)
        yield "flow_load_distribution", ratio_row(load, whole_load, days)
