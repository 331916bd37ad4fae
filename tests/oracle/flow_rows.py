"""Every flow metric of every scope, period and breakdown (METRICS.md sections 0 and 1) as published rows."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.oracle import defects
from tests.oracle.attribution import Identity
from tests.oracle.flow_days import FlowDays
from tests.oracle.flow_items import IN_PROGRESS, Item
from tests.oracle.flow_links import Dependencies, Unplanned
from tests.oracle.flow_sprints import closed_sprints
from tests.oracle.flow_stages import StageOracle
from tests.oracle.flow_world import LEVELS, FlowWorld, Scope, Span
from tests.oracle.organization import ORGANIZATION, SMALL_TEAMS
from tests.oracle.periods import Key, Period, Row, Rows, percentile_row, quantile, ratio_row
from tests.oracle.timeline import DAY, FOREVER

TYPES = ("feature", "defect", "risk", "debt")
TYPED_INITIATIVES = {"flow_velocity", "flow_load", "flow_distribution", "flow_load_distribution"}
FLOW_ITEMS_ONLY = {"sprint_say_do_rate"}
UNTYPED = {
    "flow_load_per_capita", "unplanned_items", "unplanned_share", "work_item_age_p50_days", "work_item_age_p85_days",
    "aging_items", "cost_of_delay", "dependency_wait_days", "cross_team_dependency_share",
    "flow_stability_ratio",
}  # fmt: skip
"""What is published for all types together only."""
REOPEN_WINDOW = 30 * DAY
AGING_WINDOW = timedelta(days=90)
WEEK = 7 * DAY
Place = tuple[Scope, Period, str, str | None]


@dataclass(slots=True)
class Pile:
    """What counts for one scope, period, level and type (None: all): weights, numbers of items, and values."""

    weight: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    number: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def count(self, name: str, weight: float) -> None:
        """One more item."""
        self.weight[name] += weight
        self.number[name] += 1


class FlowRows:
    """Collects the piles; `rows` turns them into published numbers."""

    def __init__(self, world: FlowWorld) -> None:
        self.world = world
        self.days = FlowDays(world)
        self.stages = StageOracle(world)
        self.piles: dict[Place, Pile] = defaultdict(Pile)
        self.candidates: dict[tuple[Scope, Period, str], tuple[set[str], set[str]]] = defaultdict(
            lambda: (set(), set())
        )
        self.dependencies, self.unplanned = Dependencies(world), Unplanned(world)
        self.defect_rules = defects.DefectRules(world.raw.tables.get("defect_rules", []), world.local)
        self.places = defects.places_of(world.items)
        self.waiting_since: dict[tuple[str, str | None], int] = {}
        for item in world.items:
            for interval in item.intervals:
                if interval.state == "waiting":
                    profile = item.identity_at(interval.start).profile
                    place = (profile.connection, profile.project)
                    self.waiting_since[place] = min(self.waiting_since.get(place, FOREVER), interval.start)
        for item in world.items:
            self._count(item)
        self._commit()
        self._load()
        self._flag_aging()

    def _piles(self, period: Period, identity: Identity) -> Iterator[tuple[Pile, float]]:
        if identity.level in LEVELS and identity.flow_item_type is not None:
            for scope, weight in self.world.shares(identity, period).items():
                for flow_item_type in (None, identity.flow_item_type):
                    yield self.piles[scope, period, identity.level, flow_item_type], weight

    def _at(self, item: Item, moment: int) -> Iterator[tuple[Pile, float]]:
        for period in self.world.periods_of(moment):
            yield from self._piles(period, item.identity_at(moment))

    def _count(self, item: Item) -> None:
        cancelled_at = item.cancelled_at if item.done_at is None else None
        for moment in (item.started_at, item.done_at, cancelled_at, item.first_unmapped_at):
            if moment is not None:
                self._judge_mapping(item, moment)
        if item.done_at is not None:
            measures = self._measures_of_done(item)
            for pile, weight in self._at(item, item.done_at):
                self._complete(pile, weight, item, measures)
        if item.started_at is not None:
            is_unplanned, is_linked = self.unplanned.is_unplanned(item), self.dependencies.is_linked_at_work(item)
            for pile, weight in self._at(item, item.started_at):
                pile.count("arrived", weight)
                if is_unplanned:
                    pile.count("unplanned", weight)
                if is_linked:
                    pile.count("linked", weight)
        if cancelled_at is not None:
            for pile, weight in self._at(item, cancelled_at):
                pile.count("cancelled", weight)
        if defects.is_found_defect(item):
            is_escaped = "escaped" in self.defect_rules.kinds_of_item(item, self.world.attribution)
            for pile, weight in self._at(item, item.created_at):
                pile.count("found defects", weight)
                if is_escaped:
                    pile.count("escaped", weight)
        for interval in item.intervals:
            for span in self.world.ending_in(interval.start, interval.end) if interval.state in IN_PROGRESS else ():
                moment = self.world.last_moment(span)
                episode = item.episode_at(moment)
                if episode is not None:
                    for pile, weight in self._piles(span.period, item.identity_at(moment)):
                        pile.values["ages"].append((span.until - episode.start) / DAY)
                        pile.values["age weights"].append(weight)

    def _judge_mapping(self, item: Item, moment: int) -> None:
        identity = item.identity_at(moment)
        level = identity.level or "flow_item"
        if level not in LEVELS:
            return
        for period in self.world.periods_of(moment):
            for scope in self.world.shares(identity, period):
                known, unmapped = self.candidates[scope, period, level]
                known.add(item.key)
                if identity.is_unmapped or moment == item.first_unmapped_at:
                    unmapped.add(item.key)

    def _measures_of_done(self, item: Item) -> dict[str, float]:
        """Values of a finished item, in days and working days."""
        assert item.done_at is not None
        working, done = self.world.working_time, item.done_at
        found = {
            "lead_days": (done - item.created_at) / DAY,
            "lead_working_days": working.days(item.created_at, done),
            "waited_for_others": self.dependencies.waited(item) / DAY,
        }
        if item.started_at is not None:
            found["flow_days"] = (done - item.started_at) / DAY
            found["flow_working_days"] = working.days(item.started_at, done)
            found["blocked_days"] = item.blocked_time() / DAY
        profile = item.identity_at(done).profile
        active, waiting = item.time_in("active"), item.time_in("waiting")
        is_measurable = self.waiting_since.get((profile.connection, profile.project), FOREVER) <= done
        if is_measurable and active + waiting:
            found["active"], found["waiting"] = active / DAY, waiting / DAY
            found["efficiency"] = active / (active + waiting)
        cost = item.history.cost_of_delay.at(done)
        if cost is not None:
            found["cost_of_delay"] = cost * waiting / WEEK
        return found

    @staticmethod
    def _complete(pile: Pile, weight: float, item: Item, measures: dict[str, float]) -> None:
        assert item.done_at is not None
        pile.count("completed", weight)
        if item.is_skipped:
            pile.count("skipped", weight)
        if item.left_done_at is not None and item.left_done_at - item.done_at <= REOPEN_WINDOW:
            pile.count("reopened", weight)
        if item.has_backflow():
            pile.count("backflow", weight)
        for name, value in measures.items():
            pile.values[name].append(value)
        if "cost_of_delay" in measures:
            pile.weight["cost_of_delay"] += weight * measures["cost_of_delay"]
        if measures["waited_for_others"]:
            pile.number["waited_for_others"] += 1
        pile.weight["waited_for_others"] += weight * measures["waited_for_others"]

    def _commit(self) -> None:
        for sprint in closed_sprints(self.world):
            kept = {item.key for item in sprint.kept}
            for item in sprint.committed:
                for period in self.world.periods_of(sprint.closed_at):
                    for pile, weight in self._piles(period, item.identity_at(sprint.started_at)):
                        pile.count("committed", weight)
                        if item.key in kept:
                            pile.count("kept", weight)

    def _load(self) -> None:
        for span in self.world.spans:
            for (scope, level, kind, state), items in self.days.loads(span.period).items():
                for flow_item_type in (None, kind):
                    self.piles[scope, span.period, level, flow_item_type].weight[f"{state}_days"] += items

    def _flag_aging(self) -> None:
        done = sorted((i for i in self.world.items if i.done_at is not None), key=lambda i: i.done_at or 0)
        moments = [item.done_at or 0 for item in done]
        first_day = self.world.local.day(self.world.as_of) - AGING_WINDOW
        begin = bisect_left(moments, self.world.local.midnight(first_day))
        for span in self.world.spans:
            if span.period.is_complete:
                continue
            end = bisect_left(moments, span.until)
            times: dict[tuple[Scope, str, str | None], list[float]] = defaultdict(list)
            for item in done[begin:end]:
                identity = item.identity_at(item.done_at or 0)
                if item.flow_time is not None and identity.level in LEVELS and identity.flow_item_type:
                    for scope in self.world.shares(identity, span.period):
                        times[scope, identity.level, None].append(item.flow_time / DAY)
                        times[scope, identity.level, identity.flow_item_type].append(item.flow_time / DAY)
            for (scope, level, kind), found in times.items():
                self.piles[scope, span.period, level, kind].values["recent flow days"] = found

    def rows(self) -> Rows:
        """Every row of the family."""
        found: Rows = {}
        for span in self.world.spans:
            period = span.period
            for scope in self.world.organization.scopes(period):
                is_suppressed = self.world.organization.is_suppressed(*scope, period)
                people = self._member_days(scope, period)
                for level, prefix in LEVELS.items():
                    quality = "suppressed" if is_suppressed else self._quality(scope, span, level)
                    for part, metric, row in self._of(scope, span, level, people):
                        breakdown = "/".join(p for p in (prefix, part) if p) or "all"
                        key = Key(metric, *scope, period.grain, period.start, breakdown)
                        found[key] = _judged(row, quality)
        return found

    def _of(self, scope: Scope, span: Span, level: str, people: float | None) -> Iterator[tuple[str, str, Row]]:
        whole = self.piles[scope, span.period, level, None]
        days = self.days.days_of(span.period)
        for kind in (None, *TYPES):
            pile = self.piles[scope, span.period, level, kind]
            for metric, row in _measures(pile, whole, span, len(days), people, self.world.as_of):
                if level == "initiative" and (metric in FLOW_ITEMS_ONLY or (kind and metric not in TYPED_INITIATIVES)):
                    continue
                if kind and metric in UNTYPED:
                    continue
                if kind or not metric.endswith("distribution"):
                    yield f"type:{kind}" if kind else "", metric, row
        if level == "flow_item":
            for metric, row in self._defect_measures(scope, span, whole):
                yield "", metric, row
        for metric, stage, row in self.stages.measures(scope, span, level):
            yield f"stage:{stage}", metric, row
        for stage, row in self.stages.rank_rows(scope, span.period, level):
            yield f"stage:{stage}", "bottleneck_rank", row

    def _defect_measures(self, scope: Scope, span: Span, whole: Pile) -> Iterable[tuple[str, Row]]:
        done = self.piles[scope, span.period, "flow_item", "defect"]
        places = {place for name in self._names(scope, span.period) for place in self.places.get((scope[0], name), ())}
        return defects.measures(
            (whole.weight["found defects"], whole.number["found defects"]),
            whole.weight["escaped"],
            (whole.weight["completed"], whole.number["completed"]),
            (done.weight["completed"], done.number["completed"]),
            done.weight["reopened"],
            is_told=self.defect_rules.tells(places, span.period, self.world.organization.today),
            is_young=span.end + REOPEN_WINDOW > self.world.as_of,
        )

    def _quality(self, scope: Scope, span: Span, level: str) -> str:
        starts = self.world.history_starts("jira")
        if not starts or span.period.end <= min(starts):
            return "no_data"
        known, unmapped = self.candidates[scope, span.period, level]
        if len(unmapped) * 20 > len(known):
            return "unmapped"
        is_cut = any(span.period.start < start for start in self._start_dates(scope, span.period))
        return "partial" if is_cut else "ok"

    def _start_dates(self, scope: Scope, period: Period) -> list[date]:
        sources = {c for name in self._names(scope, period) for c in self.world.sources.get((scope[0], name), ())}
        return [start for c in sources if (start := self.world.raw.start_dates.get(c)) is not None]

    def _names(self, scope: Scope, period: Period) -> list[str]:
        """The scope's own id; of the small teams those that they are in the period."""
        if scope != ("team", SMALL_TEAMS):
            return [scope[1]]
        organization = self.world.organization
        return [team for team in organization.teams if organization.team_scope(team, period) == SMALL_TEAMS]

    def _member_days(self, scope: Scope, period: Period) -> float | None:
        """People of a scope summed over the ended days of a period; None without any."""
        organization = self.world.organization
        total = 0.0
        for number in self.days.days_of(period):
            day = self.days.days[number]
            if scope[0] == "team":
                teams = [t for t in organization.teams if organization.team_scope(t, period) == scope[1]]
                total += organization.size(teams, day)
            elif scope[0] == ORGANIZATION:
                total += organization.size(organization.members, day)
            else:
                total += sum(
                    organization.size([team], day) * streams[scope[1]]
                    for team, streams in self.world.streams_on(day).items()
                    if scope[1] in streams
                )
        return total or None


def _judged(row: Row, quality: str) -> Row:
    """A row with the first reason that applies; what is not shown has no parts."""
    if quality == "suppressed":
        return Row(None, None, None, 0, "suppressed")
    if row.quality == "not_available":
        return row
    if quality in ("no_data", "unmapped"):
        first = quality
    else:
        first = row.quality if row.quality in ("no_data", "insufficient_sample") else quality
        if first == "ok":
            first = row.quality
    if first == "no_data" or row.value is None:
        return Row(None, None, None, row.n, first)
    return row._replace(quality=first)


def _count_row(pile: Pile, name: str) -> Row:
    return Row(pile.weight[name], None, None, pile.number[name], "ok")


def _mean_row(total: float, days: float | None, n: int) -> Row:
    return (
        Row(total / days, total, days, n, "ok") if days else Row(None, None, None, n if days is None else 0, "no_data")
    )


def _measures(
    pile: Pile, whole: Pile, span: Span, days: int, people: float | None, as_of: int
) -> Iterable[tuple[str, Row]]:
    weight, number, values = pile.weight, pile.number, pile.values
    completed, n = weight["completed"], number["completed"]
    load = weight["active_days"] + weight["waiting_days"]
    whole_load = whole.weight["active_days"] + whole.weight["waiting_days"]
    yield "flow_velocity", Row(completed, None, None, n, "ok")
    for name, metric in (("flow", "flow_time"), ("lead", "lead_time")):
        for unit in ("days", "working_days"):
            yield f"{metric}_p50_{unit}", percentile_row(values[f"{name}_{unit}"], 0.5, 5)
            yield f"{metric}_p85_{unit}", percentile_row(values[f"{name}_{unit}"], 0.85, 10)
    active, waiting = sum(values["active"]), sum(values["waiting"])
    yield "flow_efficiency", ratio_row(active, active + waiting, len(values["efficiency"]))
    yield "flow_efficiency_median", percentile_row(values["efficiency"], 0.5, 5)
    yield "flow_load", _mean_row(load, days, days)
    yield "flow_load_active", _mean_row(weight["active_days"], days, days)
    yield "flow_load_waiting", _mean_row(weight["waiting_days"], days, days)
    yield "flow_load_per_capita", _mean_row(load, people, days)
    yield "flow_distribution", ratio_row(completed, whole.weight["completed"], whole.number["completed"])
    yield "flow_load_distribution", ratio_row(load, whole_load, days)
    yield "arrivals", _count_row(pile, "arrived")
    yield "departures", Row(completed, None, None, n, "ok")
    net = weight["arrived"] - completed
    yield "net_flow", Row(net, weight["arrived"], completed, number["arrived"] + n, "ok")
    yield "cancelled_items", _count_row(pile, "cancelled")
    yield "skipped_items", Row(weight["skipped"], None, None, n, "ok")
    yield "skipped_share", ratio_row(weight["skipped"], completed, n)
    reopened = ratio_row(weight["reopened"], completed, n)
    is_young = reopened.quality == "ok" and span.end + REOPEN_WINDOW > as_of
    yield "reopen_rate", reopened._replace(quality="immature") if is_young else reopened
    yield "backflow_rate", ratio_row(weight["backflow"], completed, n)
    yield "blocked_share", ratio_row(sum(values["blocked_days"]), sum(values["flow_days"]), len(values["flow_days"]))
    yield "unplanned_items", Row(weight["unplanned"], None, None, number["arrived"], "ok")
    yield "unplanned_share", ratio_row(weight["unplanned"], weight["arrived"], number["arrived"])
    yield from _age_measures(values, span.period.is_complete)
    yield "flow_stability_ratio", _stability_row(pile, load, days)
    yield "sprint_say_do_rate", ratio_row(weight["kept"], weight["committed"], number["committed"])
    costed = len(values["cost_of_delay"])
    shown = Row(weight["cost_of_delay"], None, None, costed, "ok")
    yield "cost_of_delay", shown if costed else Row(None, None, None, 0, "no_data")
    yield "dependency_wait_days", Row(weight["waited_for_others"], None, None, number["waited_for_others"], "ok")
    yield "cross_team_dependency_share", ratio_row(weight["linked"], weight["arrived"], number["arrived"])


def _age_measures(values: dict[str, list[float]], is_over: bool) -> Iterable[tuple[str, Row]]:
    ages, recent = values["ages"], values["recent flow days"]
    yield "work_item_age_p50_days", percentile_row(ages, 0.5, 5)
    yield "work_item_age_p85_days", percentile_row(ages, 0.85, 10)
    limit = quantile(recent, 0.85)
    if is_over:
        yield "aging_items", Row(None, None, None, len(ages), "not_available")
    elif limit is None or len(recent) < 10:
        yield "aging_items", Row(None, None, None, len(ages), "insufficient_sample")
    else:
        old = sum(weight for age, weight in zip(ages, values["age weights"], strict=True) if age > limit)
        yield "aging_items", Row(old, None, None, len(ages), "ok")


def _stability_row(pile: Pile, load: float, days: int) -> Row:
    times: Sequence[float] = pile.values["flow_days"]
    if not times or not days:
        return Row(None, None, None, len(times), "no_data")
    if len(times) < 5:
        return Row(None, None, None, len(times), "insufficient_sample")
    expected = pile.weight["completed"] / days * sum(times) / len(times)
    return ratio_row(load / days, expected, len(times))
