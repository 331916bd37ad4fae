"""Security metrics (METRICS.md sections 0 and 2) from what scanners really found and what became of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sandbox.truth import Truth
from tests.oracle.findings import GRAVEST_FIRST, Found, Scope, Whereabouts, findings, is_on
from tests.oracle.organization import Organization, Table
from tests.oracle.periods import Calendar, Key, Period, Row, Rows, percentile_row, ratio_row

DAY = timedelta(days=1)
KINDS = ("dependabot", "code_scanning", "secret_scanning")


@dataclass(slots=True)
class Pile:
    """What counts for one scope, period and severity (or all that count)."""

    opened: list[float] = field(default_factory=list)
    defects: float = 0.0
    fixed_days: list[float] = field(default_factory=list)
    due: list[float] = field(default_factory=list)
    kept: float = 0.0
    open: list[tuple[float, float]] = field(default_factory=list)
    overdue: list[float] = field(default_factory=list)


class SecurityOracle:
    """Collects the piles of all scopes, periods and severities; `rows` turns them into published numbers.

    scans: (service, kind) -> (first moment, whether it is on), of every repository; nights: on which vendors were read.
    known: the rows of flow and delivery, for what defects are measured against.
    """

    def __init__(
        self,
        truth: Truth,
        organization: Organization,
        calendar: Calendar,
        tables: Mapping[str, Table],
        scans: list[tuple[str | None, datetime, bool]],
        start_date: date,
        nights: Sequence[datetime],
        known: Rows,
    ) -> None:
        self.organization, self.calendar, self.limits = organization, calendar, tables["security_severities"]
        self.scans, self.start_date, self.known = scans, start_date, known
        self.piles: dict[tuple[Scope, Period, str], Pile] = defaultdict(Pile)
        self.where = Whereabouts(organization, calendar)
        found = findings(truth, self.where, tables, nights)
        self.told = found.told
        for finding in found.all:
            if finding.resolution != "false":
                self._enter(finding)

    def _limit(self, finding: Found) -> tuple[timedelta | None, bool]:
        """How long it may stay open, and whether it counts, by the rules of the day it was opened."""
        day = self.calendar.day(finding.opened_at)
        for row in self.limits:
            if row["severity"] == finding.severity and is_on(row, day):
                return timedelta(days=int(str(row["sla_days"]))) if row["sla_days"] else None, row[
                    "is_counted"
                ] == "yes"
        return None, True

    def _piles(self, at: datetime, finding: Found, names: Iterable[str]) -> Iterator[tuple[Pile, float]]:
        day = self.calendar.day(at)
        for period in self.calendar.periods_of(day):
            for scope, weight in self.where.scopes(period, finding, day).items():
                for name in names:
                    yield self.piles[scope, period, name], weight

    def _enter(self, finding: Found) -> None:
        limit, is_counted = self._limit(finding)
        names = [f"severity:{finding.severity}", *(["all"] if is_counted else [])]
        for pile, weight in self._piles(finding.opened_at, finding, names):
            pile.opened.append(weight)
            pile.defects += weight * (finding.resolution != "dismissed")
        if finding.closed_at and finding.resolution == "fixed":
            for pile, _ in self._piles(finding.closed_at, finding, names):
                pile.fixed_days.append((finding.closed_at - finding.opened_at) / DAY)
        due = finding.opened_at + limit if limit else None
        if due and due < self.calendar.clock:
            for pile, weight in self._piles(due, finding, names):
                pile.due.append(weight)
                pile.kept += weight * (finding.closed_at is not None and finding.closed_at <= due)
        for period in self.calendar.periods:
            if finding.opened_at < period.until and not (finding.closed_at and finding.closed_at < period.until):
                day = min(period.end - DAY, self.organization.today)
                for scope, weight in self.where.scopes(period, finding, day).items():
                    for name in names:
                        pile = self.piles[scope, period, name]
                        pile.open.append((weight, (period.until - finding.opened_at) / DAY))
                        if due and due < period.until:
                            pile.overdue.append(weight)

    def _quality(self, period: Period) -> dict[Scope, str]:
        """What can be said of each scope that has anything scanned at some time of a period."""
        scans: dict[Scope, set[int]] = defaultdict(set)
        told: set[Scope] = set()
        cut: set[Scope] = set()
        days = [period.start + timedelta(days=n) for n in range((period.end - period.start).days)]
        days = [day for day in days if day <= self.organization.today]
        for number, (service, created_at, _) in enumerate(self.scans):
            for day in days if created_at < period.end_at else ():
                for scope in self.where.scopes(period, _at(service), day):
                    scans[scope].add(number)
        for is_ticket, report in self.told:
            for day in days if self.calendar.day(report.opened_at) < period.end else ():
                scopes = self.where.scopes(period, report, day)
                told.update(scopes)
                cut.update(scopes if is_ticket and period.start < self.start_date else ())
        found = {scope: "partial" if scope in cut else "ok" for scope in told}
        for scope, numbers in scans.items():
            missing = sum(not self.scans[number][2] for number in numbers)
            if missing == len(numbers) and scope not in told:
                found[scope] = "not_available"
            elif period.end <= self.start_date and scope not in told:
                found[scope] = "no_data"
            elif period.start < self.start_date or missing > 0.05 * len(numbers):
                found[scope] = "partial"
            else:
                found[scope] = "ok"
        return found

    def rows(self) -> Rows:
        """Every security metric of every scope and period."""
        found: Rows = {}
        for period in self.calendar.periods:
            quality = self._quality(period)
            for scope in (*self.organization.scopes(period), *self.organization.service_scopes(period)):
                said = quality.get(scope, "no_data")
                for name in ("all", *(f"severity:{severity}" for severity in GRAVEST_FIRST)):
                    pile = self.piles[scope, period, name]
                    measures = [*_measures(pile), *(self._rates(pile, scope, period) if name == "all" else ())]
                    for metric, row in measures:
                        if self.organization.is_suppressed(*scope, period):
                            row = Row(None, None, None, 0, "suppressed")
                        elif said in ("no_data", "not_available"):
                            row = Row(None, None, None, row.n, said)
                        elif said == "partial" and row.quality == "ok":
                            row = row._replace(quality=said)
                        found[Key(metric, *scope, period.grain, period.start, name)] = row
        return found

    def _rates(self, pile: Pile, scope: Scope, period: Period) -> Iterator[tuple[str, Row]]:
        def known(metric: str) -> Row | None:
            return self.known.get(Key(metric, *scope, period.grain, period.start, "all"))

        items, deployments = known("flow_velocity"), known("deployment_frequency")
        if scope[0] != "service":
            done = items.value if items and items.value else 0.0
            yield "security_defect_rate", ratio_row(pile.defects, done, items.n if items else 0)
        count = deployments.numerator if deployments and deployments.numerator else 0.0
        yield "security_defect_rate_per_100_deployments", ratio_row(pile.defects, count, int(count), 100.0)


def _at(service: str | None) -> Found:
    return Found(service, None, None, datetime.min, None, None)


def _measures(pile: Pile) -> Iterator[tuple[str, Row]]:
    ages = [age for _, age in pile.open]
    yield "security_findings_opened", Row(sum(pile.opened), None, None, len(pile.opened), "ok")
    yield "security_remediation_p50_days", percentile_row(pile.fixed_days, 0.5, 5)
    yield "security_remediation_p85_days", percentile_row(pile.fixed_days, 0.85, 10)
    yield "security_sla_rate", ratio_row(pile.kept, sum(pile.due), len(pile.due))
    yield "open_security_findings", Row(sum(weight for weight, _ in pile.open), None, None, len(pile.open), "ok")
    yield "open_security_finding_age_p50_days", percentile_row(ages, 0.5, 5)
    yield "open_security_finding_age_p85_days", percentile_row(ages, 0.85, 10)
    yield "overdue_security_findings", Row(sum(pile.overdue), None, None, len(pile.overdue), "ok")
