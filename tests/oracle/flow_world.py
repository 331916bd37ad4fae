"""The whole of the flow family's inputs, read once: items with their lives, calendar and organisation."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.oracle.attribution import Attribution, Identity
from tests.oracle.flow_items import Item, live
from tests.oracle.jira_history import histories
from tests.oracle.mappings import StatusMappings
from tests.oracle.organization import SMALL_TEAMS, Organization
from tests.oracle.periods import Calendar, Period, period_start
from tests.oracle.raw_data import RawData, read
from tests.oracle.timeline import LocalTime, as_datetime, micros
from tests.oracle.working_time import WorkingTime

LEVELS = {"flow_item": "", "initiative": "level:initiative"}
Scope = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Span:
    """A period in microseconds; until: its end, or the clock while it runs."""

    period: Period
    start: int
    end: int
    until: int


class FlowWorld:
    """Everything that the tables of the flow family are worked out from; items: instead of those of the raw issues."""

    def __init__(self, raw: RawData, items: list[Item] | None = None) -> None:
        self.raw, self.settings = raw, raw.settings
        self.as_of = raw.settings.as_of
        self.local = LocalTime(raw.settings.zone)
        clock = as_datetime(self.as_of)
        self.calendar = Calendar(raw.settings.zone, self._first_day(), clock)
        self.organization = Organization(raw.tables, self.calendar, raw.settings.min_team_size)
        self.attribution = Attribution(raw.tables, _boards(raw), self.local)
        names = {(connection, key): payload["name"] for connection, key, payload in raw.stream("statuses")}
        self.statuses = StatusMappings(raw.tables["status_mappings"], names, self.local)
        self.items = self._items() if items is None else items
        self.by_key = {item.key: item for item in self.items}
        self.spans = [Span(p, micros(p.start_at), micros(p.end_at), micros(p.until)) for p in self.calendar.periods]
        self.span_of = {span.period: span for span in self.spans}
        self._by_last_moment = sorted(self.spans, key=self.last_moment)
        self._last_moments = [self.last_moment(span) for span in self._by_last_moment]
        self.days = [day for day, _ in self.calendar.days()]
        first = min([self.calendar.first, *(self.local.day(item.created_at) for item in self.items)])
        last = self.local.day(self.as_of) + timedelta(days=1)
        self.working_time = WorkingTime(raw.settings, raw.tables.get("calendar", []), self.local, first, last)
        self._shares: dict[tuple[int, Period], dict[Scope, float]] = {}
        self._streams: dict[date, Mapping[str, Mapping[str, float]]] = {}
        self._teams_of_day: dict[tuple[str, date], str | None] = {}

    def _items(self) -> list[Item]:
        grace = self.settings.done_grace_minutes
        return [
            live(history, self.attribution.identities(history), self.statuses, self.as_of, grace)
            for history in histories(self.raw)
        ]

    @classmethod
    def of(cls, warehouse: Path) -> "FlowWorld":
        """The world of a warehouse file."""
        return cls(read(warehouse))

    def history_starts(self, source: str | None = None) -> list[date]:
        """By connection (of a source) the first day of which it can tell."""
        found = []
        for connection, first in self.raw.first_events.items():
            if first <= self.as_of and source in (None, self.raw.sources.get(connection)):
                found.append(max(self.raw.start_dates.get(connection) or date.min, self.local.day(first)))
        return found

    def _first_day(self) -> date:
        return period_start("quarter", min(self.history_starts(), default=self.local.day(self.as_of)))

    def periods_of(self, moment: int) -> list[Period]:
        """The week, month and quarter that hold a moment."""
        return self.calendar.periods_of(self.local.day(moment))

    @cached_property
    def sources(self) -> Mapping[Scope, set[str]]:
        """Connections from which work of a scope ever comes; small teams are still themselves."""
        return self.attribution.sources()

    def streams_on(self, day: date) -> Mapping[str, Mapping[str, float]]:
        """By team, the value streams it works for on a day, with weights."""
        if day not in self._streams:
            midnight = self.local.midnight(day)
            self._streams[day] = {t: self.attribution.streams_of(t, midnight) for t in self.organization.teams}
        return self._streams[day]

    def last_moment(self, span: Span) -> int:
        """The moment at which stocks of a period are taken: just before its end, or the clock while it runs."""
        return span.end - 1 if span.period.is_complete else self.as_of

    def ending_in(self, start: int, end: int) -> list[Span]:
        """Periods whose stocks are taken within [start, end)."""
        begin, stop = bisect_left(self._last_moments, start), bisect_left(self._last_moments, end)
        return self._by_last_moment[begin:stop]

    def shares(self, identity: Identity, period: Period) -> dict[Scope, float]:
        """The weight of an identity in each scope of a period, small teams together."""
        key = (identity.number, period)
        if key not in self._shares:
            found: dict[Scope, float] = defaultdict(float)
            for (scope_type, scope_id), weight in identity.shares.items():
                name = self.organization.team_scope(scope_id, period) if scope_type == "team" else scope_id
                found[scope_type, name] += weight
            self._shares[key] = dict(found)
        return self._shares[key]

    def team_of_day(self, team: str, day: date) -> str | None:
        """The scope of a team in tables by day: small if it is in any period that holds the day; None if too few."""
        if (team, day) not in self._teams_of_day:
            periods = self.calendar.periods_of(day)
            name: str | None = team
            if any(self.organization.team_scope(team, p) == SMALL_TEAMS for p in periods):
                is_hidden = any(self.organization.is_suppressed("team", SMALL_TEAMS, p) for p in periods)
                name = None if is_hidden else SMALL_TEAMS
            self._teams_of_day[team, day] = name
        return self._teams_of_day[team, day]


def _boards(raw: RawData) -> Mapping[tuple[str, str], set[str]]:
    """(connection, sprint id) -> id and name of the sprint's board."""
    names: dict[tuple[str, str], Any] = {(c, key): board.get("name") for c, key, board in raw.stream("boards")}
    found = {}
    for connection, key, sprint in raw.stream("sprints"):
        board = str(sprint.get("originBoardId") or "")
        found[connection, key] = {name.lower() for name in (board, names.get((connection, board)) or "") if name}
    return found
