"""Working time of an organisation: hours of working days that are no holidays, in local time."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from tests.oracle.raw_data import Settings
from tests.oracle.timeline import MICROSECOND, LocalTime


class WorkingTime:
    """Microseconds of work between two moments; calendar: rows of calendar.csv, of which holidays count."""

    def __init__(
        self, settings: Settings, calendar: Iterable[Mapping[str, str]], local: LocalTime, first: date, last: date
    ) -> None:
        holidays = {date.fromisoformat(row["date"]) for row in calendar if row["kind"] == "holiday"}
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.before: list[int] = [0]
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            if day.weekday() in settings.working_days and day not in holidays:
                self.starts.append(local.moment(day, settings.workday_start))
                self.ends.append(local.moment(day, settings.workday_end))
                self.before.append(self.before[-1] + self.ends[-1] - self.starts[-1])
        noon = datetime(2000, 1, 3)
        length = datetime.combine(noon, settings.workday_end) - datetime.combine(noon, settings.workday_start)
        self.day = length // MICROSECOND

    def _until(self, moment: int) -> int:
        place = bisect_right(self.starts, moment)
        if place == 0:
            return 0
        return self.before[place - 1] + min(moment, self.ends[place - 1]) - self.starts[place - 1]

    def days(self, start: int, end: int) -> float:
        """Nominal working days between two moments."""
        return (self._until(end) - self._until(start)) / self.day
