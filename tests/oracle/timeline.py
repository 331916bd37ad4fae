"""Moments as whole microseconds since 1970 (UTC), and values that hold for a while."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

T = TypeVar("T")
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
BEGINNING, FOREVER = -(10**18), 10**18
"""Sentinels outside all time; only compared, never shown."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2060, 1, 1)


def micros(moment: datetime | str) -> int:
    """A moment as microseconds; a text is ISO 8601, a time without zone is UTC."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // MICROSECOND


def as_datetime(moment: int) -> datetime:
    """The aware UTC datetime of a moment."""
    return _EPOCH + timedelta(microseconds=moment)


class Timeline(Generic[T]):
    """What holds from when on: each entry until the next. Of entries at one moment the last one counts."""

    __slots__ = ("starts", "values")

    def __init__(self, entries: Iterable[tuple[int, T]]) -> None:
        self.starts: list[int] = []
        self.values: list[T] = []
        for start, value in sorted(entries, key=lambda entry: entry[0]):
            if self.starts and self.starts[-1] == start:
                self.values[-1] = value
            else:
                self.starts.append(start)
                self.values.append(value)

    def at(self, moment: int) -> T | None:
        """What holds at a moment; None before the first entry."""
        place = bisect_right(self.starts, moment) - 1
        return self.values[place] if place >= 0 else None

    def since(self, moment: int) -> int:
        """Since when that which holds at a moment has held."""
        return self.starts[max(bisect_right(self.starts, moment) - 1, 0)]

    def pieces(self, begin: int = BEGINNING, end: int = FOREVER) -> Iterator[tuple[int, int, T]]:
        """(from, to, value) of all that holds within [begin, end), cut to it."""
        place = max(bisect_right(self.starts, begin) - 1, 0)
        while place < len(self.starts) and self.starts[place] < end:
            until = self.starts[place + 1] if place + 1 < len(self.starts) else FOREVER
            if until > begin:
                yield max(self.starts[place], begin), min(until, end), self.values[place]
            place += 1

    def edges(self) -> list[int]:
        """When it changes, the first entry included."""
        return self.starts


def spans_where(timeline: "Timeline[bool]") -> list[tuple[int, int]]:
    """The stretches during which something is true, joined where they touch."""
    return union((start, end) for start, end, value in timeline.pieces() if value)


def union(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches joined where they overlap or touch, in order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found


def overlap(some: Iterable[tuple[int, int]], others: Iterable[tuple[int, int]]) -> int:
    """Microseconds that lie in both of two unions of stretches."""
    others = list(others)
    return sum(max(0, min(end, e) - max(start, s)) for start, end in some for s, e in others)


class LocalTime:
    """Local days of a time zone, as days and as moments of their beginning."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        count = (_LAST_DAY - _FIRST_DAY).days
        self._days = [_FIRST_DAY + timedelta(days=n) for n in range(count)]
        self._midnights = [self.moment(day, time()) for day in self._days]

    def moment(self, day: date, clock: time) -> int:
        """The moment at which a local clock shows a time on a day."""
        return micros(datetime.combine(day, clock, tzinfo=self.zone))

    def midnight(self, day: date) -> int:
        """The beginning of a local day; the first and last date of all are the sentinels."""
        if day in (date.min, date.max):
            return BEGINNING if day == date.min else FOREVER
        return self._midnights[(day - _FIRST_DAY).days] if _FIRST_DAY <= day < _LAST_DAY else self.moment(day, time())

    def day(self, moment: int) -> date:
        """The local day of a moment; ValueError outside 1990-2059."""
        place = bisect_right(self._midnights, moment) - 1
        if place < 0 or moment >= self._midnights[-1]:
            message = f"{moment} lies outside {_FIRST_DAY} to {_LAST_DAY}"
            raise ValueError(message)
        return self._days[place]
