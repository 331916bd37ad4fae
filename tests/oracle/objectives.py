"""Key results and the work behind them (METRICS.md section 4), from the raw rows."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from tests.oracle.filed import Filed
from tests.oracle.flow_items import Item
from tests.oracle.flow_world import Scope
from tests.oracle.investment import Investment, every_scope, is_in_force, share_row
from tests.oracle.organization import ORGANIZATION, SMALL_TEAMS, UNASSIGNED
from tests.oracle.periods import Key, Period, Row, Rows

STALE_AFTER_DAYS = 30
OWNERS = ("team", "value_stream")
Named = tuple[str, str | None, str | None]
"""How an initiative stands to the key results (aligned, none, unknown, inactive), its key result, the level of that."""


class Objectives:
    """Who works on which key result, and where each stands."""

    def __init__(self, investment: Investment) -> None:
        self.investment, self.world = investment, investment.world
        self.key_results = investment.key_results
        self.today = self.world.local.day(self.world.as_of)
        self.check_ins = investment.goals.check_ins
        self.field_connections = {
            name for name, role, _ in self.world.raw.stream("field_roles") if role == "key_result"
        }
        self.field_connections |= {item.history.connection for item in investment.goals.item_of.values()}
        self.field_connections |= {
            each.history.connection for each in investment.filed if any(each.history.key_result.values)
        }
        initiatives: list[Item | Filed] = [*investment.initiatives.values(), *investment.filed]
        self.alignments = {
            period: [(item, *found) for item in initiatives if (found := self._judge(item, period))]
            for period in self.world.calendar.periods
        }

    # --- initiatives -------------------------------------------------------------------------------------------------
    def _judge(self, item: Item | Filed, period: Period) -> tuple[int, Named] | None:
        """When an initiative is judged in a period and how it stands; None where it does not count."""
        span = self.world.span_of[period]
        last = min(span.end - 1, self.world.as_of)
        present = [i for i in item.intervals if i.start <= last and i.end > span.start]
        if not present or present[-1].state == "cancelled":
            return None
        is_open = any(interval.state not in ("done", "cancelled") for interval in present)
        is_done = item.done_at is not None and span.start <= item.done_at <= last
        moment = last if item.done_at is None else min(last, item.done_at)
        if not (is_open or is_done) or item.identity_at(moment).level != "initiative":
            return None
        return moment, self._named(item, moment)

    def _named(self, item: Item | Filed, moment: int) -> Named:
        text = self.investment.goals.named_by(item, moment)
        if not text:
            return "none", None, None
        row = self.investment.key_result_of(item, moment, self.world.local.day(moment))
        if row is not None:
            return "aligned", row["key_result_id"], row["level"]
        return ("inactive" if text in self.investment.goals.known else "unknown"), None, None

    def _owner(self, item: Item | Filed, moment: int) -> tuple[str, str]:
        """Its one team and its one value stream: the heaviest, the first name among equals."""
        if isinstance(item, Filed):
            teams, known = ({row[f"{name}_id"] for row in self.world.raw.tables[f"{name}s"]} for name in OWNERS)
            team = item.team if item.team in teams else UNASSIGNED
            own = item.value_stream if item.value_stream in known else None
        else:
            owners = self.world.attribution.owners(item.identity_at(moment).profile, moment)
            team, own, _ = min(owners, key=lambda owner: (-round(owner[2], 9), owner[0], owner[1] or "\uffff"))
        streams = self.world.attribution.streams_of(team, self.world.local.midnight(self.world.local.day(moment)))
        return team, own or min(streams, key=lambda stream: (-round(streams[stream], 9), stream), default=UNASSIGNED)

    def _by_scope(self) -> dict[tuple[Scope, Period], list[tuple[Item | Filed, Named]]]:
        found: dict[tuple[Scope, Period], list[tuple[Item | Filed, Named]]] = defaultdict(list)
        for period, judged in self.alignments.items():
            for item, moment, named in judged:
                team, stream = self._owner(item, moment)
                name = self.world.organization.team_scope(team, period)
                for scope in (("team", name), ("value_stream", stream), (ORGANIZATION, ORGANIZATION)):
                    found[scope, period].append((item, named))
        return found

    # --- what is published -------------------------------------------------------------------------------------------
    def rows(self) -> Rows:
        """okr_alignment_rate and work_without_key_result_share for every scope and period."""
        by_scope, days, rows = self._by_scope(), self.investment.item_days(), {}
        for scope, period in every_scope(self.world):
            initiatives = by_scope.get((scope, period), [])
            aligned = sum(named[0] == "aligned" for _, named in initiatives)
            found = days.get((scope, period), {})
            total = float(sum(found.values()))
            without = float(sum(d for (key_result, _), d in found.items() if key_result is None))
            for metric, row in (
                ("okr_alignment_rate", share_row(self.world, scope, period, aligned, len(initiatives))),
                ("work_without_key_result_share", share_row(self.world, scope, period, without, total)),
            ):
                if not self.is_available(initiatives) and row.quality != "suppressed":
                    row = Row(None, None, None, row.n, "not_available")
                rows[Key(metric, *scope, period.grain, period.start, "all")] = row
        return rows

    def is_available(self, initiatives: list[tuple[Item | Filed, Named]]) -> bool:
        """Whether key results are configured, and the trackers of these initiatives have a field for them."""
        connections = {item.history.connection for item, _ in initiatives}
        return bool(self.investment.goals.known) and connections <= self.field_connections

    def counts(self) -> dict[tuple[object, ...], tuple[int, ...]]:
        """The counts of outcomes.fct_okr_alignment by scope and period, where they are available."""
        by_scope, found = self._by_scope(), {}
        for scope, period in every_scope(self.world):
            initiatives = by_scope.get((scope, period), [])
            if not self.is_available(initiatives) or self.world.organization.is_suppressed(*scope, period):
                continue
            levels = Counter(named[2] for _, named in initiatives)
            kinds = Counter(named[0] for _, named in initiatives)
            active = set(self._active(scope, period))
            worked_on = {named[1] for _, _, named in self.alignments[period]}
            found[*scope, period.grain, period.start] = (
                *(levels[level] for level in ("company", "value_stream", "team")),
                *(kinds[kind] for kind in ("none", "unknown", "inactive")),
                len(active), len(active - worked_on),
            )  # fmt: skip
        return found

    def _active(self, scope: Scope, period: Period) -> Iterator[str]:
        """Key results of a scope that are in force on a day of a period."""
        for row in self.key_results:
            days = (period.start + timedelta(days=n) for n in range((period.end - period.start).days))
            if date.fromisoformat(row["starts_on"]) > self.today or not any(is_in_force(row, day) for day in days):
                continue
            owner: Scope = (row["level"], row["owner_id"] or "")
            if owner[0] == "team":
                owner = ("team", self.world.organization.team_scope(owner[1], period))
            if scope in (owner, (ORGANIZATION, ORGANIZATION)):
                yield row["key_result_id"]

    def _is_small(self, team: str, period: Period) -> bool:
        return self.world.organization.team_scope(team, period) == SMALL_TEAMS

    def weeks(self) -> dict[tuple[str, date], tuple[Any, ...]]:
        """outcomes.fct_key_results by key result and week: check-in, progress, pace, quality and the work behind."""
        days, found = self.investment.item_days(), {}
        for row in self.key_results:
            first = date.fromisoformat(row["starts_on"])
            last = date.fromisoformat(row["ends_on"]) if row["ends_on"] else None
            for period in self.world.calendar.periods:
                if period.grain != "week" or period.end <= first or first > self.today:
                    continue
                if last is not None and period.start > last:
                    continue
                if row["level"] == "team" and self._is_small(row["owner_id"], period):
                    continue
                seen = min(period.end - timedelta(days=1), self.today, last or date.max)
                if not is_in_force(row, seen):
                    continue
                pace = None
                if last is not None:
                    until = min(period.end, self.today, last + timedelta(days=1))
                    pace = max((until - first).days, 0) / ((last - first).days + 1)
                checks = sorted(c for c in self.check_ins[row["key_result_id"]] if c[0] <= seen)
                work = sum(
                    d
                    for (key_result, _), d in days.get(((ORGANIZATION, ORGANIZATION), period), {}).items()
                    if key_result == row["key_result_id"]
                )
                count = sum(named[1] == row["key_result_id"] for _, _, named in self.alignments[period])
                key = (row["key_result_id"], period.start)
                if not checks:
                    found[key] = (None, None, None, None, pace, "no_data", count, float(work))
                    continue
                checked_on, value, confidence = checks[-1]
                baseline, target = float(row["baseline"]), float(row["target"])
                progress = min(max((value - baseline) / (target - baseline), 0.0), 1.0)
                quality = "stale" if (seen - checked_on).days > STALE_AFTER_DAYS else "ok"
                found[key] = (checked_on, value, confidence, progress, pace, quality, count, float(work))
        return found
