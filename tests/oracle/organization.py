"""Who owned what when: the organisation's dated files, read without any of the pipeline's code."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.periods import FIRST_DATE, LAST_DATE, Calendar, Period

Table = list[Mapping[str, object]]
Shares = dict[str, float]
UNASSIGNED = "unassigned"
SMALL_TEAMS = "small_teams"
ORGANIZATION = "organization"


def _dates(row: Mapping[str, object]) -> tuple[date, date]:
    def read(name: str, blank: date) -> date:
        value = row.get(name)
        return value if isinstance(value, date) else date.fromisoformat(str(value)) if value else blank

    return read("valid_from", FIRST_DATE), read("valid_to", LAST_DATE)


@dataclass(frozen=True, slots=True)
class Dated:
    """A value in force over half-open dates, with a weight."""

    value: str
    weight: float
    first: date
    end: date


class Organization:
    """The dated facts that decide under which scope a number is published.

    tables: file stem -> rows (text values; blank or None = open), as the organisation's CSV files hold them.
    """

    def __init__(self, tables: Mapping[str, Table], calendar: Calendar, min_team_size: int) -> None:
        self.calendar, self.min_team_size = calendar, min_team_size
        self.today = calendar.day(calendar.clock)
        self.teams = self._read(tables, "teams", "team_id", "team_id")
        self.value_streams = self._read(tables, "value_streams", "value_stream_id", "value_stream_id")
        self.streams_of_team = self._read(tables, "team_value_streams", "team_id", "value_stream_id")
        self.owners = self._read(tables, "service_owners", "service_id", "team_id")
        self.services = self._read(tables, "services", "service_id", "service_id")
        self.services_of_repository = self._read(tables, "repository_services", "repository", "service_id")
        self.members = self._read(tables, "memberships", "team_id", "member_id")
        self._sizes: dict[tuple[frozenset[str], date], int] = {}
        self._scopes: dict[Period, dict[str, str]] = {}
        self._suppressed: dict[Period, bool] = {}
        for period in calendar.periods:
            self._judge(period)

    @staticmethod
    def _read(tables: Mapping[str, Table], name: str, key: str, value: str) -> dict[str, list[Dated]]:
        found: dict[str, list[Dated]] = defaultdict(list)
        for row in tables.get(name, []):
            first, end = _dates(row)
            found[str(row[key])].append(Dated(str(row[value]), float(str(row.get("weight") or 1)), first, end))
        return dict(found)

    def size(self, teams: Iterable[str], day: date) -> int:
        """People who are members of any of the teams on a day."""
        key = (frozenset(teams), day)
        if key not in self._sizes:
            present = {m.value for team in key[0] for m in self.members.get(team, []) if m.first <= day < m.end}
            self._sizes[key] = len(present)
        return self._sizes[key]

    def _exists(self, team: str, period: Period) -> list[date]:
        """The days of a period, up to today, on which a team existed."""
        days = ((period.start + timedelta(days=n)) for n in range((period.end - period.start).days))
        spans = self.teams[team]
        return [day for day in days if day <= self.today and any(s.first <= day < s.end for s in spans)]

    def _judge(self, period: Period) -> None:
        scopes: dict[str, str] = {}
        small: dict[str, list[date]] = {}
        for team in self.teams:
            days = self._exists(team, period)
            if days:
                is_small = bool(self.members) and min(self.size([team], day) for day in days) < self.min_team_size
                scopes[team] = SMALL_TEAMS if is_small else team
                if is_small:
                    small[team] = days
        self._scopes[period] = scopes
        together = {day for days in small.values() for day in days}
        self._suppressed[period] = any(
            self.size([team for team, days in small.items() if day in days], day) < self.min_team_size
            for day in together
        )

    def team_scope(self, team: str | None, period: Period) -> str:
        """The scope under which a team's numbers of a period go: itself, small_teams, or unassigned."""
        return self._scopes[period].get(team or "", UNASSIGNED)

    def is_suppressed(self, scope_type: str, scope_id: str, period: Period) -> bool:
        """Whether a scope has too few people to be shown."""
        return (scope_type, scope_id) == ("team", SMALL_TEAMS) and self._suppressed[period]

    def scopes(self, period: Period) -> list[tuple[str, str]]:
        """Every scope that exists in a period."""
        teams = sorted(set(self._scopes[period].values()))
        streams = [
            stream
            for stream, spans in sorted(self.value_streams.items())
            if any(s.first < period.end and s.end > period.start and s.first <= self.today for s in spans)
        ]
        return [
            *(("team", team) for team in (*teams, UNASSIGNED)),
            *(("value_stream", stream) for stream in (*streams, UNASSIGNED)),
            (ORGANIZATION, ORGANIZATION),
        ]

    def service_scopes(self, period: Period) -> list[tuple[str, str]]:
        """Every service that exists in a period and whose rows would not be a small team's."""
        found = []
        for service, spans in sorted(self.services.items()):
            if any(s.first < period.end and s.end > period.start and s.first <= self.today for s in spans):
                owners = [
                    o.value for o in self.owners.get(service, []) if o.first < period.end and o.end > period.start
                ]
                if SMALL_TEAMS not in {self.team_scope(owner, period) for owner in owners}:
                    found.append(("service", service))
        return found

    def value_streams_at(self, team: str | None, day: date) -> Shares:
        """The value streams a team works for on a day; what is nobody's goes to unassigned. Sums to 1."""
        shares = {s.value: s.weight for s in self.streams_of_team.get(team or "", []) if s.first <= day < s.end}
        rest = 1 - sum(shares.values())
        return shares | {UNASSIGNED: rest} if rest > 1e-9 else shares

    def owner_at(self, service: str | None, day: date) -> str | None:
        """The team that owns a service on a day."""
        return next((o.value for o in self.owners.get(service or "", []) if o.first <= day < o.end), None)


def scope_shares(
    organization: Organization, period: Period, teams: Iterable[tuple[str, float]], streams: Iterable[tuple[str, float]]
) -> dict[tuple[str, str], float]:
    """The weight of something in every scope it belongs to; nobody's goes to unassigned, all to the organisation."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for team, weight in teams or ((UNASSIGNED, 1.0),):
        found["team", organization.team_scope(team, period)] += weight
    for stream, weight in streams or ((UNASSIGNED, 1.0),):
        found["value_stream", stream] += weight
    found[ORGANIZATION, ORGANIZATION] = 1.0
    return dict(found)
