"""Delivery metrics (METRICS.md sections 0 and 2) from what every change and release really did."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sandbox.truth import Deployment, DirectPush, Incident, Parts, PullRequest, Truth, parts_at
from tests.oracle.defects import DefectRules
from tests.oracle.failures import Verdict, verdicts
from tests.oracle.organization import Organization, Table, scope_shares
from tests.oracle.periods import Calendar, Key, Period, Row, Rows, percentile_row, quantile, ratio_row
from tests.oracle.timeline import LocalTime

HOUR = timedelta(hours=1)
Scope = tuple[str, str]
Place = str | None | Parts
"""A service, nothing, or parts of a monorepo."""


@dataclass(slots=True)
class Pile:
    """What counts for one scope and period. Weights are sums of shares; durations are hours, each change once."""

    deployments: int = 0
    failed: int = 0
    explicit: int = 0
    rework: int = 0
    young: int = 0
    unwatched: int = 0
    aborted: int = 0
    merges: int = 0
    merged: float = 0.0
    undeployed: float = 0.0
    undeployed_items: int = 0
    reviewable: float = 0.0
    reviewable_items: int = 0
    unreviewed: float = 0.0
    first_reviews: float = 0.0
    first_review_items: int = 0
    prompt_reviews: float = 0.0
    open: float = 0.0
    open_days: list[float] = field(default_factory=list)
    reviewers: Counter[str] = field(default_factory=Counter)
    incidents: float = 0.0
    incident_items: int = 0
    hours: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    sizes: list[float] = field(default_factory=list)
    sizes_by_total: int = 0


class DeliveryOracle:
    """Collects the piles of all scopes and periods; `rows` turns them into published numbers.

    repositories: name -> (moment of creation, service or None), for every repository that is read.
    start_date: the first day that was asked for.
    reviews: (pull request, reviewer, moment) of every review by another person, bots apart.
    working_days: nominal working days between two moments.
    tables: the organisation's files.
    """

    def __init__(
        self,
        truth: Truth,
        organization: Organization,
        calendar: Calendar,
        repositories: Mapping[str, tuple[datetime, str | None]],
        start_date: date,
        reviews: Iterable[tuple[str, str, datetime]],
        working_days: Callable[[datetime, datetime], float],
        min_respondents: int,
        tables: Mapping[str, Table],
    ) -> None:
        self.tables = tables
        self.start_date, self.working_days, self.min_respondents = start_date, working_days, min_respondents
        self.organization, self.calendar, self.repositories = organization, calendar, repositories
        self.periods = calendar.periods
        self.piles: dict[tuple[Scope, Period], Pile] = defaultdict(Pile)
        self.first_deployed: dict[str | None, datetime] = {}
        with_repository = {service for _, service in repositories.values()}
        self.reported = {each.service for each in truth.inbox_deployments.values()} - with_repository
        releases: list[Deployment] = []
        for deployment in (*truth.deployments.values(), *truth.inbox_deployments.values()):
            if not deployment.is_production or deployment.finished_at is None or deployment.outcome == "cancelled":
                continue
            if deployment.outcome in ("success", "failed"):
                releases.append(deployment)
            known = self.first_deployed.get(deployment.service, deployment.finished_at)
            self.first_deployed[deployment.service] = min(known, deployment.finished_at)
            for pile, _ in self._piles(deployment.finished_at, deployment.service):
                # one that failed before it reached users is neither success nor failure, and counted apart
                is_release = deployment.outcome in ("success", "failed")
                pile.deployments += is_release
                pile.aborted += not is_release
        for pull in truth.pull_requests.values():
            self._pull_request(pull)
        for pull_request_id, reviewer, submitted_at in reviews:
            if pull_request_id in truth.pull_requests:
                for pile, _ in self._piles(submitted_at, _place(truth.pull_requests[pull_request_id])):
                    pile.reviewers[reviewer] += 1
        self._failures(releases, self._incidents(truth), truth)
        for push in truth.direct_pushes.values():
            self._merge(push, push.pushed_at)
            self._ship(push, push.authored_at, push.pushed_at)

    def _piles(self, at: datetime | None, place: Place) -> Iterable[tuple[Pile, float]]:
        if at is not None:
            day = self.calendar.day(at)
            for period in self.calendar.periods_of(day):
                for scope, weight in self._scopes(period, place, day).items():
                    yield self.piles[scope, period], weight

    def _scopes(self, period: Period, place: Place, day: date) -> dict[Scope, float]:
        """Weight by scope; several services share equally, and each of them counts what it shares once."""
        if isinstance(place, tuple):
            services = parts_at(place, day) or (None,)
            found: dict[Scope, float] = defaultdict(float)
            for service in services:
                for scope, weight in self._scopes(period, service, day).items():
                    found[scope] += weight if scope[0] == "service" else weight / len(services)
            return dict(found)
        service = place
        owner = self.organization.owner_at(service, day)
        streams = self.organization.value_streams_at(owner, day)
        teams = [(owner, 1.0)] if owner else []
        found = scope_shares(self.organization, period, teams, streams.items())
        return found | {("service", service): 1.0} if service else found

    def _merge(self, change: PullRequest | DirectPush, merged_at: datetime) -> None:
        for pile, weight in self._piles(merged_at, _place(change)):
            pile.merges += 1
            pile.merged += weight
            if change.deployed_by is None and not change.shipments:
                pile.undeployed += weight
                pile.undeployed_items += 1

    def _ship(self, change: PullRequest | DirectPush, authored_at: datetime, merged_at: datetime) -> None:
        # what the first known release of a service carried, beside its own commit, cannot be told
        if change.deployed_at and change.deployed_by:
            for pile, _ in self._piles(change.deployed_at, change.service):
                _add(pile, "change_lead_time", authored_at, change.deployed_at)
                _add(pile, "merge_to_deploy", merged_at, change.deployed_at)
        # of several services of a scope, the first that carried it
        seen: set[tuple[Scope, str]] = set()
        for service, at, _ in sorted(change.shipments, key=lambda each: each[1]):
            day = self.calendar.day(at)
            for period in self.calendar.periods_of(day):
                for scope in self._scopes(period, service, day):
                    if (scope, period.grain) not in seen:
                        seen.add((scope, period.grain))
                        _add(self.piles[scope, period], "change_lead_time", authored_at, at)
                        _add(self.piles[scope, period], "merge_to_deploy", merged_at, at)

    def _pull_request(self, pull: PullRequest) -> None:
        if pull.first_review_at and pull.review_turnaround_from:
            is_prompt = self.working_days(pull.review_turnaround_from, pull.first_review_at) <= 1
            for pile, weight in self._piles(pull.first_review_at, _place(pull)):
                _add(pile, "review_turnaround", pull.review_turnaround_from, pull.first_review_at)
                pile.first_reviews += weight
                pile.first_review_items += 1
                pile.prompt_reviews += weight * is_prompt
        ends = [at for at in (pull.merged_at, pull.closed_at) if at]
        for period in self.periods if pull.ready_at else ():
            if pull.ready_at and pull.ready_at < period.until <= min([*ends, period.until]):
                self._open(pull, period, (period.until - pull.ready_at) / timedelta(days=1))
        if pull.merged_at is None:
            return
        self._merge(pull, pull.merged_at)
        self._ship(pull, pull.first_commit_authored_at, pull.merged_at)
        is_reviewed = pull.first_review_at is not None
        for pile, weight in self._piles(pull.merged_at, _place(pull)) if not pull.is_revert else ():
            pile.reviewable += weight
            pile.reviewable_items += 1
            pile.unreviewed += 0.0 if is_reviewed else weight
            pile.sizes.append(pull.size_lines)
            pile.sizes_by_total += pull.size_method == "total"
        # a stage of a change belongs to the period in which the stage ended
        for stage, begun, ended in (
            ("coding", pull.first_commit_authored_at, pull.ready_at),
            ("pickup", pull.ready_at, pull.first_review_at),
            ("review", pull.first_review_at, pull.merged_at),
        ):
            for pile, _ in self._piles(ended, _place(pull)) if begun and ended else ():
                _add(pile, stage, begun, ended)

    def _failures(
        self, releases: list[Deployment], incidents: list[tuple[Incident, str | None, list[Incident]]], truth: Truth
    ) -> None:
        hours = {
            str(row["service_id"]): int(row["incident_window_hours"])
            for row in self.tables["services"]
            if row["incident_window_hours"]
        }
        self.verdicts: dict[str, Verdict] = verdicts(releases, incidents, truth, hours, self.calendar.clock)
        for each in releases:
            verdict = self.verdicts[each.deployment_id]
            first = self.watched.get(each.service)
            is_watched = first is not None and first <= self.calendar.day(verdict.finished_at)
            for pile, _ in self._piles(verdict.finished_at, each.service):
                pile.failed += verdict.has_failed
                pile.explicit += verdict.is_explicit
                pile.rework += verdict.is_rework
                pile.young += verdict.is_young and not verdict.has_failed
                pile.unwatched += not is_watched
            for pile, _ in self._piles(verdict.recovered_at, each.service):
                _add(pile, "failed_deployment_recovery", verdict.finished_at, verdict.recovered_at)

    def _incidents(self, truth: Truth) -> list[tuple[Incident, str | None, list[Incident]]]:
        """Count incidents; those that count, with their service and their copies."""
        known = [each for each in truth.incidents.values() if each.deleted_at is None and each.cancelled_at is None]
        services = {
            (str(row["connection"]), str(row["tool_service"])): str(row["service_id"])
            for row in self.tables["incident_services"]
        }
        blank_is_none = [{k: v or None for k, v in row.items()} for row in self.tables["defect_rules"]]
        rules = DefectRules(blank_is_none, LocalTime(self.calendar.zone))
        ruled_out = {
            (row["connection"], row["severity"])
            for row in self.tables["incident_severities"]
            if row["is_incident"] == "no"
        }
        # a service is watched from the first day of its rule, or from the first incident that a tool reported of it
        self.watched: dict[str | None, date] = dict.fromkeys(services.values(), date.min)
        standing: list[tuple[Incident, str | None, bool]] = []
        copies: dict[str, list[Incident]] = defaultdict(list)
        counted: list[tuple[Incident, str | None, list[Incident]]] = []
        by_id = {each.incident_id: each for each in known}
        for each in known:
            is_of_inbox = each.source == "inbox"
            service = each.tool_service if is_of_inbox else services.get((each.source, each.tool_service))
            day = self.calendar.day(each.started_at)
            spans = self.organization.services.get(service or "", [])
            service = service if any(span.first <= day < span.end for span in spans) else None
            self.watched[service] = min(day, self.watched.get(service, day))
            severity = each.severity
            if each.source == "jira":
                severity = rules.severity_of("incident", truth.work_items[each.incident_id], each.source)
            if each.merged_into in by_id:
                copies[each.merged_into].append(each)
            else:
                standing.append((each, service, (each.source, severity) not in ruled_out))
        for each, service, is_severe in standing:
            originals = [
                other
                for other, other_service, other_is_severe in standing
                if other.source != each.source
                and other_service == service
                and service is not None
                and other_is_severe
                and timedelta(0) < each.started_at - other.started_at <= HOUR
            ]
            if originals:
                copies[min(originals, key=lambda other: other.started_at).incident_id].append(each)
            if not is_severe or originals:
                continue
            counted.append((each, service, copies[each.incident_id]))
            for pile, weight in self._piles(each.started_at, service):
                pile.incidents += weight
                pile.incident_items += 1
            for pile, _ in self._piles(each.resolved_times[0], service) if each.resolved_times else ():
                _add(pile, "incident_restore", each.started_at, each.resolved_times[0])
        return counted

    def _open(self, pull: PullRequest, period: Period, age: float) -> None:
        day = min(period.end - timedelta(days=1), self.organization.today)
        for scope, weight in self._scopes(period, _place(pull), day).items():
            self.piles[scope, period].open += weight
            self.piles[scope, period].open_days.append(age)

    def _services(self, period: Period) -> dict[Scope, set[str | None]]:
        """By scope, the services (None: repositories of no service) that belonged to it at some time of a period.

        A service without a repository counts from its first known deployment on.
        """
        found: dict[Scope, set[str | None]] = defaultdict(set)
        services = {service for created_at, service in self.repositories.values() if created_at < period.end_at}
        services |= {each for each in self.reported if self.first_deployed[each] < period.end_at}
        days = [period.start + timedelta(days=n) for n in range((period.end - period.start).days)]
        for day in days if period.end > self.start_date else []:
            if day <= self.organization.today:
                for service in services:
                    for scope in self._scopes(period, service, day):
                        found[scope].add(service)
        return found

    def _watched(self, period: Period) -> set[Scope]:
        """The scopes that at some time of a period had a service whose incidents are known."""
        found: set[Scope] = set()
        days = [period.start + timedelta(days=n) for n in range((period.end - period.start).days)]
        for day in days if period.end > self.start_date else []:
            for service, first in self.watched.items():
                spans = self.organization.services.get(service or "", [])
                is_there = service is None or any(span.first <= day < span.end for span in spans)
                if first <= day <= self.organization.today and is_there:
                    found |= set(self._scopes(period, service, day))
        return found

    def rows(self) -> Rows:
        """Every delivery metric of every scope and period."""
        found: Rows = {}
        for period in self.periods:
            by_scope, watched = self._services(period), self._watched(period)
            for scope in (*self.organization.scopes(period), *self.organization.service_scopes(period)):
                pile = self.piles[scope, period]
                services = by_scope[scope]
                shipping = {s for s in services if s in self.first_deployed and self.first_deployed[s] < period.end_at}
                of_services = [self.piles[("service", s), period].deployments for s in shipping if s]
                measures = _measures(
                    pile, period, bool(services - self.reported), bool(shipping), of_services, self.min_respondents
                )
                for metric, row in (*measures, *_incident_measures(pile, scope in watched)):
                    if self.organization.is_suppressed(*scope, period):
                        row = Row(None, None, None, 0, "suppressed")
                    found[Key(metric, *scope, period.grain, period.start, "all")] = row
        return found


def _place(change: PullRequest | DirectPush) -> Place:
    return change.service if change.parts is None else change.parts


def _add(pile: Pile, stage: str, begun: datetime | None, ended: datetime | None) -> None:
    if begun and ended and ended >= begun:
        pile.hours[stage].append((ended - begun) / HOUR)


def _incident_measures(pile: Pile, is_watched: bool) -> Iterable[tuple[str, Row]]:
    nothing = Row(None, None, None, 0, "no_data")
    yield "incidents", Row(pile.incidents, None, None, pile.incident_items, "ok") if is_watched else nothing
    yield "incident_restore_p50_hours", percentile_row(pile.hours["incident_restore"], 0.5, 5)
    yield "incident_restore_p85_hours", percentile_row(pile.hours["incident_restore"], 0.85, 10)


def _measures(
    pile: Pile,
    period: Period,
    has_repositories: bool,
    is_shipping: bool,
    of_services: list[int],
    min_respondents: int,
) -> Iterable[tuple[str, Row]]:
    nothing = Row(None, None, None, 0, "no_data")
    days = period.elapsed_days
    frequency, medians, aborted, undeployed = nothing, nothing, nothing, nothing
    failed, rate, explicit, rework = nothing, nothing, nothing, nothing
    is_partial = pile.unwatched > 0.05 * pile.deployments
    caveat = "partial" if is_partial else "immature" if pile.young else "ok"
    if is_shipping:
        frequency = Row(pile.deployments / days, pile.deployments, days, pile.deployments, "ok")
        medians = Row(quantile([count / days for count in of_services], 0.5), None, None, len(of_services), "ok")
        failed = Row(pile.failed, None, None, pile.failed, caveat)
        rate = _caveat(ratio_row(pile.failed, pile.deployments, pile.deployments), caveat)
        explicit = _caveat(ratio_row(pile.explicit, pile.deployments, pile.deployments), caveat)
        rework = ratio_row(pile.rework, pile.deployments, pile.deployments)
        aborted = Row(pile.aborted, None, None, pile.aborted, "ok")
        undeployed = Row(pile.undeployed, None, None, pile.undeployed_items, "ok")
    yield "deployment_frequency", frequency
    yield "deployment_frequency_service_median", medians
    yield "failed_deployments", failed
    yield "aborted_deployments", aborted
    yield "undeployed_changes", undeployed
    for stage in ("change_lead_time", "merge_to_deploy", "review_turnaround", "coding", "pickup", "review"):
        yield f"{stage}_p50_hours", percentile_row(pile.hours[stage], 0.5, 5)
        yield f"{stage}_p85_hours", percentile_row(pile.hours[stage], 0.85, 10)
    yield "merged_changes", Row(pile.merged, None, None, pile.merges, "ok") if has_repositories else nothing
    unreviewed = ratio_row(pile.unreviewed, pile.reviewable, pile.reviewable_items)
    yield "unreviewed_merge_rate", unreviewed if has_repositories else nothing
    prompt = ratio_row(pile.prompt_reviews, pile.first_reviews, pile.first_review_items)
    yield "review_within_one_working_day_share", prompt if has_repositories else nothing
    yield "open_pull_requests", Row(pile.open, None, None, len(pile.open_days), "ok") if has_repositories else nothing
    yield "open_pull_request_age_p50_days", percentile_row(pile.open_days, 0.5, 5)
    yield "open_pull_request_age_p85_days", percentile_row(pile.open_days, 0.85, 10)
    known = "partial" if pile.sizes_by_total > 0.05 * len(pile.sizes) else "ok"
    yield "pr_size_p50_lines", _caveat(percentile_row(pile.sizes, 0.5, 5), known)
    yield "pr_size_p85_lines", _caveat(percentile_row(pile.sizes, 0.85, 10), known)
    counts = sorted(pile.reviewers.values(), reverse=True)
    busiest = ratio_row(sum(counts[: math.ceil(len(counts) / 5)]), sum(counts), sum(counts))
    if 0 < len(counts) < min_respondents:
        busiest = Row(None, None, None, 0, "suppressed")
    yield "review_concentration", busiest
    recoveries = pile.hours["failed_deployment_recovery"]
    yield "failed_deployment_recovery_p50_hours", _caveat(percentile_row(recoveries, 0.5, 5), caveat)
    yield "failed_deployment_recovery_p85_hours", _caveat(percentile_row(recoveries, 0.85, 10), caveat)
    yield "change_fail_rate", rate
    yield "change_fail_rate_explicit", explicit
    yield "deployment_rework_rate", rework


def _caveat(row: Row, quality: str) -> Row:
    """The row with a caveat, where it has a value."""
    return row._replace(quality=quality) if row.quality == "ok" else row
