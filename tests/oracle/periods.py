"""Calendars of the organisation: local days, weeks, months and quarters, and the rows that all metrics share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

GRAINS = ("week", "month", "quarter")
FIRST_DATE, LAST_DATE = date.min, date.max


class Key(NamedTuple):
    """What identifies a published number."""

    metric: str
    scope_type: str
    scope_id: str
    period_grain: str
    period_start: date
    breakdown: str


class Row(NamedTuple):
    """A published number; value, numerator and denominator are None where there is nothing to say.

    quality: the first reason of METRICS.md section 0 that applies.
    """

    value: float | None
    numerator: float | None
    denominator: float | None
    n: int
    quality: str


Rows = dict[Key, Row]


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open period; dates are local, times are aware UTC. until: its end, or the clock while it runs."""

    grain: str
    start: date
    end: date
    start_at: datetime
    end_at: datetime
    until: datetime

    @property
    def is_complete(self) -> bool:
        """Whether it has ended."""
        return self.until == self.end_at

    @property
    def elapsed_days(self) -> float:
        """Local calendar days of it that have passed; while it runs, the last one counts by its hours."""
        return (self.end - self.start).days if self.is_complete else (self.until - self.start_at) / timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Local time of an organisation up to the clock (aware UTC)."""

    zone: ZoneInfo
    first: date
    clock: datetime

    def midnight(self, day: date) -> datetime:
        """The moment (UTC) at which a local day begins."""
        return datetime.combine(day, time(), tzinfo=self.zone).astimezone(UTC)

    def day(self, at: datetime) -> date:
        """The local day of a moment."""
        return at.astimezone(self.zone).date()

    def days(self) -> Iterator[tuple[date, datetime]]:
        """Local days that have ended at the clock, with the moment of their end."""
        day = self.first
        while (end := self.midnight(day + timedelta(days=1))) <= self.clock:
            yield day, end
            day += timedelta(days=1)

    def periods_of(self, day: date) -> list[Period]:
        """The week, month and quarter that hold a local day; none before the first."""
        return self._by_day.get(day, [])

    @cached_property
    def _by_day(self) -> dict[date, list[Period]]:
        found: dict[date, list[Period]] = {}
        for period in self.periods:
            for n in range((period.end - period.start).days):
                found.setdefault(period.start + timedelta(days=n), []).append(period)
        return found

    @cached_property
    def periods(self) -> list[Period]:
        """All periods from the one that holds the first day to the one that is running."""
        found = []
        for grain in GRAINS:
            start = period_start(grain, self.first)
            while (start_at := self.midnight(start)) < self.clock:
                end = period_end(grain, start)
                end_at = self.midnight(end)
                found.append(Period(grain, start, end, start_at, end_at, min(end_at, self.clock)))
                start = end
        return found


def period_start(grain: str, day: date) -> date:
    """The first day of the period that holds a day; weeks start on Monday."""
    if grain == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(month=day.month if grain == "month" else (day.month - 1) // 3 * 3 + 1, day=1)


def period_end(grain: str, start: date) -> date:
    """The first day after the period that begins on `start`."""
    if grain == "week":
        return start + timedelta(days=7)
    months = start.month + (1 if grain == "month" else 3)
    return date(start.year + (months - 1) // 12, (months - 1) % 12 + 1, 1)


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which a share of the values lies, by linear interpolation between neighbours; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def percentile_row(values: Sequence[float], share: float, floor: int) -> Row:
    """A percentile with its floor: fewer than `floor` values say nothing."""
    if not values:
        return Row(None, None, None, 0, "no_data")
    if len(values) < floor:
        return Row(None, None, None, len(values), "insufficient_sample")
    return Row(quantile(values, share), None, None, len(values), "ok")


def ratio_row(numerator: float, denominator: float, n: int, scale: float = 1.0) -> Row:
    """A rate or share with its parts; nothing at all where the denominator is zero."""
    if not denominator:
        return Row(None, None, None, 0, "no_data")
    return Row(scale * numerator / denominator, numerator, denominator, n, "ok")
