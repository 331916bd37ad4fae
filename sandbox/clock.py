"""Acme's working time: Monday to Friday, 09:00 to 17:30 in Europe/Berlin, public holidays free.

Inside the simulator a moment is a whole number of seconds since the epoch (UTC); it becomes a datetime only in what
is handed out.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
HOUR = 3600
DAY = 86400
WORKDAY = int(8.5 * HOUR)
_OPENS = time(9)

HOLIDAYS: dict[date, str] = {
    date(2024, 12, 25): "Christmas Day",
    date(2024, 12, 26): "Boxing Day",
    date(2025, 1, 1): "New Year",
    date(2025, 4, 18): "Good Friday",
    date(2025, 4, 21): "Easter Monday",
    date(2025, 5, 1): "Labour Day",
    date(2025, 5, 8): "Liberation Day",
    date(2025, 5, 29): "Ascension Day",
    date(2025, 6, 9): "Whit Monday",
    date(2025, 10, 3): "German Unity Day",
    date(2025, 12, 25): "Christmas Day",
    date(2025, 12, 26): "Boxing Day",
    date(2026, 1, 1): "New Year",
    date(2026, 4, 3): "Good Friday",
    date(2026, 4, 6): "Easter Monday",
    date(2026, 5, 1): "Labour Day",
    date(2026, 5, 14): "Ascension Day",
    date(2026, 5, 25): "Whit Monday",
    date(2026, 12, 25): "Christmas Day",
}
FREEZES: tuple[tuple[date, date], ...] = (
    (date(2024, 12, 20), date(2025, 1, 3)),
    (date(2025, 12, 19), date(2026, 1, 3)),
)


def midnight(day: date) -> int:
    """The moment a day begins in Europe/Berlin, in seconds since the epoch."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp())


@cache
def moment(text: str) -> int:
    """Seconds since the epoch of a local `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM` in Europe/Berlin."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


def utc(at: int) -> datetime:
    """The aware UTC datetime of a moment."""
    return datetime.fromtimestamp(at, UTC)


def jira_time(at: int) -> str:
    """A moment as Jira Cloud writes it."""
    return f"{utc(at).isoformat()[:19]}.000+0000"


class WorkCalendar:
    """Adds working hours to moments, and finds working days; every lookup is by index."""

    def __init__(self, first: date = date(2024, 11, 1), last: date = date(2027, 12, 31)) -> None:
        self._days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        self._midnights = [midnight(day) for day in self._days]
        self._next_workday: list[int] = []
        self._starts: list[int] = []
        for day in self._days:
            self._next_workday.append(len(self._starts))
            if day.weekday() < 5 and day not in HOLIDAYS:
                self._starts.append(int(datetime.combine(day, _OPENS, tzinfo=ZONE).timestamp()))

    def _day_index(self, at: int) -> int:
        index = (at - self._midnights[0]) // DAY
        if self._midnights[index] > at:
            return index - 1
        if self._midnights[index + 1] <= at:
            return index + 1
        return index

    def after(self, at: int, hours: float) -> int:
        """The moment at which `hours` of working time have passed since `at`."""
        day = self._day_index(at)
        work = self._next_workday[day]
        offset = 0
        if self._next_workday[day + 1] > work:
            offset = min(max(at - self._starts[work], 0), WORKDAY)
        work, offset = divmod(work * WORKDAY + offset + int(hours * HOUR), WORKDAY)
        return self._starts[min(work, len(self._starts) - 1)] + offset

    def opening(self, day: date) -> int:
        """The moment work begins on the first working day on or after `day`."""
        return self._starts[self._next_workday[(day - self._days[0]).days]]

    def is_workday(self, day: date) -> bool:
        """Whether people work on that day."""
        return day.weekday() < 5 and day not in HOLIDAYS


def is_frozen(day: date) -> bool:
    """Whether nothing is released on that day."""
    return any(first <= day <= last for first, last in FREEZES)
