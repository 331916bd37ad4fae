"""Security findings of scanners, reviews and tickets, one for each advisory and place (METRICS.md section 2)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sandbox.truth import Identity, Share, Truth, WorkItem
from tests.oracle.defects import DefectRules
from tests.oracle.organization import Organization, Table, scope_shares
from tests.oracle.periods import Calendar, Period
from tests.oracle.timeline import LocalTime

GRAVEST_FIRST = ("critical", "high", "medium", "low", "info")
FALSE_ALARMS = ("inaccurate", "false positive", "used in tests", "false_positive", "used_in_tests")
TRACKER = "jira"
Scope = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, or what one source says of it. resolution: fixed, dismissed, false; None while it is open.

    service: None where it is nobody's; ticket: whose it is where neither a service nor a repository is known.
    severity: None for a word that means nothing.
    """

    service: str | None
    ticket: WorkItem | None
    severity: str | None
    opened_at: datetime
    closed_at: datetime | None
    resolution: str | None


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings, and the first that the inbox (False) and the tracker (True) told of each service and ticket."""

    all: list[Found]
    told: list[tuple[bool, Found]]


class Whereabouts:
    """To whom findings belong from day to day."""

    def __init__(self, organization: Organization, calendar: Calendar) -> None:
        self.organization, self.calendar = organization, calendar
        self._shares: dict[tuple[Period, Share, Share], dict[Scope, float]] = {}

    def teams(self, ticket: WorkItem, day: date) -> Iterable[str]:
        """The teams of a ticket on a day: those at its end."""
        return [team for team, _ in self._identity(ticket, day).teams]

    def scopes(self, period: Period, found: Found, day: date) -> dict[Scope, float]:
        """The weight of a finding in the scopes of a day."""
        if found.ticket:
            identity = self._identity(found.ticket, day)
            key = (period, identity.teams, identity.value_streams)
            if key not in self._shares:
                self._shares[key] = scope_shares(self.organization, *key)
            return self._shares[key]
        owner = self.organization.owner_at(found.service, day)
        streams = self.organization.value_streams_at(owner, day)
        shares = scope_shares(self.organization, period, [(owner, 1.0)] if owner else [], streams.items())
        return shares | {("service", found.service): 1.0} if found.service else shares

    def _identity(self, ticket: WorkItem, day: date) -> Identity:
        return ticket.identity_at(self.calendar.midnight(day + timedelta(days=1)) - timedelta(microseconds=1))


def findings(truth: Truth, where: Whereabouts, tables: Mapping[str, Table], nights: Sequence[datetime]) -> Findings:
    """What there is as of the truth's clock: an advisory once in a repository, with its first opening.

    nights: on which the tracker was read; a ticket that was gone before the first was never seen.
    """
    reports: dict[tuple[str, ...], list[Found]] = defaultdict(list)
    scanned: dict[str, list[tuple[datetime, str | None, tuple[str, ...]]]] = defaultdict(list)
    told: list[tuple[bool, Found]] = []
    for alert in truth.findings.values():
        at, state, reason = alert.changes[-1] if alert.changes else (None, "open", None)
        resolution = {"open": None, "fixed": "fixed"}.get(state, "dismissed")
        resolution = "false" if reason in FALSE_ALARMS else "fixed" if reason == "revoked" else resolution
        closed_at = at if resolution else None
        key = (alert.repository, alert.advisory) if alert.advisory else (alert.finding_id,)
        reports[key].append(Found(alert.service, None, alert.severity, alert.created_at, closed_at, resolution))
        if alert.advisory:
            scanned[alert.advisory].append((alert.created_at, alert.service, key))
    for each in truth.inbox_findings.values():
        resolution = {"open": None, "false_positive": "false"}.get(each.state, each.state)
        report = Found(each.service, None, each.severity, each.opened_at, each.closed_at, resolution)
        key = (each.repository, each.advisory)
        reports[key].append(report)
        told.append((False, report))
        scanned[each.advisory].append((each.opened_at, each.service, key))
    for item, ticket in _tickets(truth, where, tables, nights):
        day = where.calendar.day(item.created_at)
        teams = where.teams(item, day)
        advisory = item.advisories[-1][1] if item.advisories else None
        known = [
            (opened_at, key)
            for opened_at, service, key in scanned.get(advisory or "", [])
            if (service == ticket.service if ticket.service else where.organization.owner_at(service, day) in teams)
        ]
        if known:
            key = min(known)[1]
        elif advisory and (ticket.service or teams):
            shares = dict(item.identity_at(item.created_at).teams)
            main = min(teams, key=lambda team: (-shares.get(team, 0.0), team), default="")
            key = ("tickets of", ticket.service or f"team {main}", advisory)
        else:
            key = ("ticket", item.item_id)
        reports[key].append(ticket)
        told.append((True, ticket))
    first: dict[tuple[bool, str], tuple[bool, Found]] = {}
    for is_ticket, report in sorted(told, key=lambda each: each[1].opened_at):
        name = f"ticket {report.ticket.item_id}" if report.ticket else f"service {report.service}"
        first.setdefault((is_ticket, name), (is_ticket, report))
    return Findings([_united(copies) for copies in reports.values()], list(first.values()))


def _tickets(
    truth: Truth, where: Whereabouts, tables: Mapping[str, Table], nights: Sequence[datetime]
) -> Iterator[tuple[WorkItem, Found]]:
    """Security defects of the tracker."""
    calendar = where.calendar
    rows = [{k: v or None for k, v in row.items()} for row in tables["defect_rules"]]
    rules = DefectRules(rows, LocalTime(calendar.zone))
    for item in truth.work_items.values():
        word = rules.severity_of("security", item, TRACKER)
        gone = next((night for night in sorted(nights) if item.deleted_at and night >= item.deleted_at), None)
        if word is None or gone == min(nights):
            continue
        day = calendar.day(item.created_at)
        service = _service(item, where.organization, day, tables["incident_services"])
        closed_at, resolution = None, None
        if item.state == "done":
            closed_at, resolution = item.done_times[-1], "fixed"
        elif item.cancelled_at or gone:
            closed_at, resolution = item.cancelled_at or gone, "dismissed"
        severity = _meaning(word, day, tables["security_severities"])
        ticket = None if service else item
        yield item, Found(service, ticket, severity, item.created_at, closed_at, resolution)


def _service(item: WorkItem, organization: Organization, day: date, rules: Table) -> str | None:
    """The service that the rules of the day of creation name for what the item is now: component, label, project."""
    places = (*item.components[-1][1], *item.current.labels, item.current.project)
    for place in places:
        for row in rules:
            if row["connection"] == TRACKER and str(row["tool_service"]).lower() == place.lower() and is_on(row, day):
                service = str(row["service_id"])
                spans = organization.services.get(service, [])
                return service if any(span.first <= day < span.end for span in spans) else None
    return None


def _meaning(word: str, day: date, rows: Table) -> str | None:
    """The severity that a word of the tracker means on a day."""
    for row in rows:
        if is_on(row, day) and word.lower() in [w.strip().lower() for w in str(row["tracker_words"]).split(";")]:
            return str(row["severity"])
    return word.lower() if word.lower() in GRAVEST_FIRST else None


def is_on(row: Mapping[str, object], day: date) -> bool:
    """Whether a row of a dated file holds on a day."""
    return str(row["valid_from"] or "0000") <= day.isoformat() < str(row["valid_to"] or "9999")


def _united(copies: list[Found]) -> Found:
    verdicts = {copy.resolution for copy in copies}
    closed = [copy.closed_at for copy in copies if copy.closed_at]
    verdict = None if None in verdicts else next(v for v in ("fixed", "dismissed", "false") if v in verdicts)
    first = min(copies, key=lambda copy: copy.opened_at)
    # a scanner's repository says more than a ticket's team
    place = next((copy for copy in copies if copy.ticket is None), first)
    severities = [copy.severity for copy in copies if copy.severity]
    return Found(
        place.service,
        place.ticket,
        min(severities, key=GRAVEST_FIRST.index, default=None),
        first.opened_at,
        max(closed) if verdict else None,
        verdict,
    )
