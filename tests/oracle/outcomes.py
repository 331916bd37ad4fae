"""Outcome metrics (METRICS.md sections 0 and 4) from what every initiative really promised and what came of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sandbox.outcomes import OUTCOME_TYPES, VERDICTS
from sandbox.truth import Initiative, Truth, WorkItem
from tests.oracle.flow import Life, life
from tests.oracle.organization import Organization, scope_shares
from tests.oracle.periods import Calendar, Key, Period, Row, Rows, percentile_row, ratio_row

Scope = tuple[str, str]
WINDOW = timedelta(days=60)
REASONS = {"reliability", "scalability", "risk", "cost"}
KNOWN_TYPES = sorted(set(OUTCOME_TYPES.values()) - {"unknown"})
ALL_VERDICTS = sorted(set(VERDICTS.values()))
JUDGED = ("achieved", "partly", "not_achieved")
PERCENT = ("feature_factory_ratio", "feature_factory_ratio_started")
RATES = (
    *PERCENT, "intent_before_execution_rate", "work_without_outcome_share", "orphan_share", "outcome_type_stated_share",
    "outcome_review_rate", "outcome_hit_rate", "debt_with_purpose_rate",
)  # fmt: skip


@dataclass(slots=True)
class Cell:
    """What a rate of a scope is made of; unmapped: left out because its word means nothing to anybody."""

    hits: float = 0.0
    weight: float = 0.0
    n: int = 0
    unmapped: int = 0

    def add(self, hit: bool, weight: float = 1.0) -> None:
        self.hits += weight if hit else 0.0
        self.weight += weight
        self.n += 1


@dataclass(slots=True)
class Sheet:
    """Everything that is counted of a period."""

    cells: dict[tuple[str, Scope], Cell] = field(default_factory=lambda: defaultdict(Cell))
    types: dict[Scope, list[str]] = field(default_factory=lambda: defaultdict(list))
    verdicts: dict[Scope, list[str]] = field(default_factory=lambda: defaultdict(list))
    lags: dict[Scope, list[float]] = field(default_factory=lambda: defaultdict(list))
    overdue: dict[Scope, int] = field(default_factory=lambda: defaultdict(int))


def _state_at(item: WorkItem, at: datetime) -> str | None:
    """The state of an item at a moment."""
    return [e.state for e in item.episodes if e.from_at <= at][-1]


def _is_alive(item: WorkItem, period: Period) -> bool:
    """Whether an item was open at some time of a period, or finished in it."""
    return any(
        episode.state not in ("done", "cancelled")
        and episode.from_at < period.until
        and (episode.to_at is None or episode.to_at >= period.start_at)
        for episode in item.episodes
    )


def _is_cancelled(item: WorkItem, period: Period) -> bool:
    """Whether an item stood cancelled at the end of a period, or at the clock while it runs."""
    if item.deleted_at and item.deleted_at < period.until and item.state != "done":
        return True
    return [e.state for e in item.episodes if e.from_at < period.until][-1:] == ["cancelled"]


def _type_at(item: WorkItem, at: datetime) -> str | None:
    """The outcome type in force at a moment, in our words."""
    names = [name for since, name in item.outcome_types if since <= at]
    return OUTCOME_TYPES[names[-1]] if names else None


class OutcomeOracle:
    """The outcome family of a simulated company."""

    def __init__(self, truth: Truth, organization: Organization, calendar: Calendar, first_night: datetime) -> None:
        self.organization, self.calendar = organization, calendar
        self.seen = {
            key: life(item)
            for key, item in truth.work_items.items()
            if item.deleted_at is None or item.deleted_at > first_night
        }
        self.initiatives = {
            key: initiative
            for key, initiative in truth.initiatives.items()
            if key in self.seen and truth.work_items[key].level == "initiative"
        }
        self.first_child: dict[str, datetime] = {}
        for item, fate in self._flow_items():
            parent = item.initiative_id
            if parent in self.initiatives and fate.started_at and self._is_item(item, fate.started_at):
                self.first_child[parent] = min(fate.started_at, self.first_child.get(parent, fate.started_at))

    def _flow_items(self) -> Iterator[tuple[WorkItem, Life]]:
        for key, fate in self.seen.items():
            if key not in self.initiatives:
                yield fate.item, fate

    @staticmethod
    def _is_item(item: WorkItem, at: datetime) -> bool:
        identity = item.identity_at(at)
        return identity.level == "flow_item" and identity.flow_item_type is not None

    def _owners(self, item: WorkItem, at: datetime, period: Period) -> dict[Scope, float]:
        identity = item.identity_at(at)
        return scope_shares(self.organization, period, identity.teams, identity.value_streams)

    def rows(self) -> Rows:
        """Every number of the family."""
        found: Rows = {}
        for period in self.calendar.periods:
            sheet = Sheet()
            for key, initiative in self.initiatives.items():
                fate = self.seen[key]
                self._promise(sheet, period, fate, initiative, key)
                if fate.done_at:
                    self._look_back(sheet, period, fate, initiative, fate.done_at)
            self._count_items(sheet, period)
            for scope in self.organization.scopes(period):
                is_hidden = self.organization.is_suppressed(*scope, period)
                for metric, breakdown, row in _judged(sheet, scope):
                    shown = Row(None, None, None, 0, "suppressed") if is_hidden else row
                    found[Key(metric, *scope, period.grain, period.start, breakdown)] = shown
        return found

    def _promise(self, sheet: Sheet, period: Period, fate: Life, initiative: Initiative, key: str) -> None:
        """What was promised of an initiative that was open or finished in the period."""
        item = fate.item
        if _is_cancelled(item, period) or not _is_alive(item, period):
            return
        last_moment = period.end_at - timedelta(microseconds=1)
        moment = min(t for t in (last_moment, fate.done_at, self.calendar.clock) if t is not None)
        lacks = initiative.outcome_at(moment).rule is not None
        type_ = _type_at(item, moment)
        began = fate.started_at
        execution = min(t for t in (began, self.first_child.get(key)) if t is not None) if began else None
        for scope in self._owners(item, moment, period):
            sheet.cells["feature_factory_ratio", scope].add(lacks)
            is_begun = (began and began < period.until) or (fate.done_at and fate.done_at < period.until)
            if is_begun:
                sheet.cells["feature_factory_ratio_started", scope].add(lacks)
            if began and execution and period.start_at <= began < period.until:
                hit = initiative.outcome_at(execution).rule is None
                sheet.cells["intent_before_execution_rate", scope].add(hit)
            stated = sheet.cells["outcome_type_stated_share", scope]
            if type_ == "unknown":
                stated.unmapped += 1
            else:
                stated.add(type_ is not None)
                if type_:
                    sheet.types[scope].append(type_)

    def _look_back(self, sheet: Sheet, period: Period, fate: Life, initiative: Initiative, done: datetime) -> None:
        """Whether somebody looked at what came of a finished initiative, when, and what they found."""
        item, due, clock = fate.item, done + WINDOW, self.calendar.clock
        if _state_at(item, min(due, clock)) == "cancelled":
            return
        versions = initiative.actual_outcomes
        ends = [version.from_at for version in versions[1:]] + [datetime.max.replace(tzinfo=clock.tzinfo)]
        looked = [
            max(version.from_at, done)
            for version, end in zip(versions, ends, strict=False)
            if version.rule is None and end > done
        ]
        reviewed = looked[0] if looked else None
        last = min(period.end_at - timedelta(microseconds=1), clock)
        verdicts = [(max(at, done), VERDICTS[name]) for at, name in initiative.verdicts]
        before = [at for at, _ in initiative.verdicts if at <= done]
        verdicts = verdicts[max(0, len(before) - 1) :]
        given = [name for at, name in verdicts if period.start_at <= at <= last]
        for scope in self._owners(item, done, period):
            if period.start_at <= due < period.end_at and due <= clock:
                sheet.cells["outcome_review_rate", scope].add(reviewed is not None and reviewed <= due)
            if due <= last and (reviewed is None or reviewed > last) and due <= clock:
                sheet.overdue[scope] += 1
            if reviewed and period.start_at <= reviewed <= last:
                sheet.lags[scope].append((reviewed - done) / timedelta(days=1))
            if given:
                sheet.verdicts[scope].append(given[-1])
                cell = sheet.cells["outcome_hit_rate", scope]
                if given[-1] in JUDGED:
                    cell.add(given[-1] == "achieved")
                cell.unmapped += given[-1] == "unknown"

    def _count_items(self, sheet: Sheet, period: Period) -> None:
        """Completed items: for what, and debt for which reason."""
        last = min(period.end_at - timedelta(microseconds=1), self.calendar.clock)
        for fate in self.seen.values():
            item, done = fate.item, fate.done_at
            if not done or not period.start_at <= done <= last:
                continue
            identity = item.identity_at(done)
            shares = self._owners(item, done, period)
            if identity.flow_item_type == "debt" and identity.level in ("flow_item", "initiative"):
                reason = _type_at(item, done)
                for scope, weight in shares.items():
                    cell = sheet.cells["debt_with_purpose_rate", scope]
                    if reason == "unknown":
                        cell.unmapped += 1
                    else:
                        cell.add(reason in REASONS, weight)
            if not self._is_item(item, done):
                continue
            above = item.initiative_id if item.initiative_id in self.initiatives else None
            for scope, weight in shares.items():
                sheet.cells["orphan_share", scope].add(above is None, weight)
                if above:
                    moment = min(t for t in (last, self.seen[above].done_at) if t is not None)
                    lacks = self.initiatives[above].outcome_at(moment).rule is not None
                    sheet.cells["work_without_outcome_share", scope].add(lacks, weight)


def _judged(sheet: Sheet, scope: Scope) -> Iterator[tuple[str, str, Row]]:
    """(metric, breakdown, row) of a scope."""
    for metric in RATES:
        cell = sheet.cells[metric, scope]
        row = ratio_row(cell.hits, cell.weight, cell.n, 100.0 if metric in PERCENT else 1.0)
        if cell.unmapped > 0.05 * (cell.n + cell.unmapped):
            row = row._replace(quality="unmapped")
        yield metric, "all", row
    overdue = sheet.overdue[scope]
    yield "outcome_reviews_overdue", "all", Row(float(overdue), float(overdue), None, overdue, "ok")
    lags = sorted(sheet.lags[scope])
    yield "outcome_review_lag_p50_days", "all", percentile_row(lags, 0.5, 5)
    yield "outcome_review_lag_p85_days", "all", percentile_row(lags, 0.85, 10)
    yield from _shares(sheet.types[scope])
    verdicts = sheet.verdicts[scope]
    for verdict in ALL_VERDICTS if verdicts else ():
        number = float(verdicts.count(verdict))
        yield "outcome_verdicts", f"verdict:{verdict}", Row(number, number, None, len(verdicts), "ok")


def _shares(types: Iterable[str]) -> Iterator[tuple[str, str, Row]]:
    stated = list(types)
    for name in KNOWN_TYPES if stated else ():
        yield (
            "outcome_type_share",
            f"outcome_type:{name}",
            ratio_row(stated.count(name), len(stated), len(stated)),
        )


def rows(truth: Truth, organization: Organization, calendar: Calendar, first_night: datetime) -> Rows:
    """The outcome family's rows; what was deleted before the first night was never seen."""
    return OutcomeOracle(truth, organization, calendar, first_night).rows()
