"""Stages: where finished work spent its time, what came in and went out, and which stage holds up the rest."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from math import ceil

from tests.oracle.attribution import Identity
from tests.oracle.flow_items import Item
from tests.oracle.flow_world import LEVELS, FlowWorld, Scope, Span
from tests.oracle.periods import Period, Row, percentile_row, ratio_row
from tests.oracle.timeline import DAY

RANKED_FROM = 10
"""Items of which a stage must have seen to be ranked."""
RANKS = 3
Place = tuple[Scope, Period, str]


@dataclass(slots=True)
class StagePile:
    """What counts for one stage of a scope, period and level; days: per finished item that was in it."""

    days: list[float] = field(default_factory=list)
    arrived: float = 0.0
    departed: float = 0.0
    backlog: float = 0.0

    @property
    def growth(self) -> float:
        """Arrivals minus departures."""
        return self.arrived - self.departed


class StageOracle:
    """Collects the piles of all stages, scopes, periods and levels."""

    def __init__(self, world: FlowWorld) -> None:
        self.world = world
        self.piles: dict[Place, dict[str, StagePile]] = defaultdict(lambda: defaultdict(StagePile))
        self.first_seen: dict[tuple[Scope, str, str], int] = {}
        for item in world.items:
            self._see(item)
            self._spend(item)
            self._visit(item)
            self._stand(item)

    def _places(self, period: Period, identity: Identity) -> Iterator[tuple[dict[str, StagePile], float]]:
        if identity.level in LEVELS and identity.flow_item_type is not None:
            for scope, weight in self.world.shares(identity, period).items():
                yield self.piles[scope, period, identity.level], weight

    def _see(self, item: Item) -> None:
        for interval in item.intervals:
            if interval.stage_in_progress:
                for start, _, identity in item.identities.pieces(interval.start, interval.end):
                    if identity.level in LEVELS and identity.flow_item_type is not None:
                        for scope in identity.shares:
                            place = (scope, identity.level, interval.stage_in_progress)
                            self.first_seen[place] = min(start, self.first_seen.get(place, start))

    def _seen_stages(self, scope: Scope, span: Span, level: str) -> list[str]:
        organization, found = self.world.organization, set()
        for ((scope_type, name), known_level, stage), start in self.first_seen.items():
            if known_level == level and scope_type == scope[0] and start < span.until:
                shown = organization.team_scope(name, span.period) if scope_type == "team" else name
                found |= {stage} if shown == scope[1] else set()
        return sorted(found)

    def _spend(self, item: Item) -> None:
        if item.flow_time is None:
            return
        assert item.started_at is not None and item.done_at is not None
        spent: dict[str, int] = defaultdict(int)
        for interval in item.intervals:
            start, end = max(interval.start, item.started_at), min(interval.end, item.done_at)
            if start < end and interval.stage_in_progress:
                spent[interval.stage_in_progress] += end - start
        for period in self.world.periods_of(item.done_at):
            for stages, _ in self._places(period, item.identity_at(item.done_at)):
                for stage, time in spent.items():
                    stages[stage].days.append(time / DAY)

    def _visit(self, item: Item) -> None:
        before: str | None = None
        for interval in item.intervals:
            stage = interval.stage_in_progress
            if stage != before and interval.is_entry:
                identity = item.identity_at(interval.start)
                for period in self.world.periods_of(interval.start):
                    for stages, weight in self._places(period, identity):
                        if before is not None:
                            stages[before].departed += weight
                        if stage is not None:
                            stages[stage].arrived += weight
            before = stage

    def _stand(self, item: Item) -> None:
        for interval in item.intervals:
            if interval.stage_in_progress:
                for span in self.world.ending_in(interval.start, interval.end):
                    identity = item.identity_at(self.world.last_moment(span))
                    for stages, weight in self._places(span.period, identity):
                        stages[interval.stage_in_progress].backlog += weight

    def measures(self, scope: Scope, span: Span, level: str) -> Iterable[tuple[str, str, Row]]:
        """(metric, stage, row) of every stage that work of the scope has been in by the end of a period."""
        found = self.piles[scope, span.period, level]
        total = sum(sum(pile.days) for pile in found.values())
        for stage in self._seen_stages(scope, span, level):
            pile = found.get(stage, StagePile())
            yield "stage_time_share", stage, ratio_row(sum(pile.days), total, len(pile.days))
            yield "stage_time_p50_days", stage, percentile_row(pile.days, 0.5, 5)
            yield "stage_time_p85_days", stage, percentile_row(pile.days, 0.85, 10)
            yield "stage_arrivals", stage, Row(pile.arrived, None, None, _whole(pile.arrived), "ok")
            yield "stage_departures", stage, Row(pile.departed, None, None, _whole(pile.departed), "ok")
            yield (
                "stage_queue_growth",
                stage,
                Row(pile.growth, pile.arrived, pile.departed, _whole(pile.arrived + pile.departed), "ok"),
            )
            yield "stage_backlog", stage, Row(pile.backlog, None, None, _whole(pile.backlog), "ok")

    def _ranked(self, scope: Scope, period: Period, level: str) -> list[tuple[str, StagePile]]:
        """Stages that enough items went through, the constraint first."""
        piles = self.piles.get((scope, period, level), {})
        enough = [(stage, pile) for stage, pile in piles.items() if len(pile.days) >= RANKED_FROM]
        # the share of time has the same denominator for all of them
        return sorted(enough, key=lambda e: (-sum(e[1].days), -e[1].growth, -e[1].backlog, e[0]))

    def rank_rows(self, scope: Scope, period: Period, level: str) -> Iterable[tuple[str, Row]]:
        """(stage, row) of the three worst stages."""
        for place, (stage, pile) in enumerate(self._ranked(scope, period, level)[:RANKS]):
            yield stage, Row(place + 1, None, None, len(pile.days), "ok")

    def firsts(self, scope: Scope, level: str) -> dict[tuple[str, date, str], int]:
        """(grain, period start, stage that is first) -> for how many periods in a row it has been."""
        found: dict[tuple[str, date, str], int] = {}
        streaks: dict[str, tuple[str, int]] = {}
        for period in self.world.calendar.periods:
            ranked = self._ranked(scope, period, level)
            first = ranked[0][0] if ranked else ""
            known, times = streaks.get(period.grain, ("", 0))
            streaks[period.grain] = (first, times + 1 if first == known else 1)
            if first:
                found[period.grain, period.start, first] = streaks[period.grain][1]
        return found


def _whole(items: float) -> int:
    """The observations behind a weighted count: shared ones make a whole one together."""
    return ceil(round(items, 6))
