"""CI metrics (METRICS.md section 2) from the runs that really happened on the default branches."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sandbox.delivery_truth import Attempt
from sandbox.truth import Truth
from tests.oracle.organization import Organization, scope_shares
from tests.oracle.periods import Calendar, Key, Period, Row, Rows, percentile_row, ratio_row

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
FAILED = ("failure", "timed_out", "startup_failure")
NOT_RUN = ("skipped", "action_required", "stale")
Scope = tuple[str, str]


@dataclass(slots=True)
class _Pile:
    """What counts for one scope and period, by share of the repository."""

    checks: float = 0.0
    checks_n: int = 0
    passed: float = 0.0
    flaky: float = 0.0
    minutes: list[float] = field(default_factory=list)
    rerun_hours: float = 0.0
    reruns: int = 0


class CiOracle:
    """Collects the piles of all scopes and periods; `rows` turns them into published numbers.

    repositories: name -> (moment of creation, service or None), for every repository that is read.
    without_actions: names of those that have none.
    """

    def __init__(
        self, truth: Truth, organization: Organization, calendar: Calendar,
        repositories: Mapping[str, tuple[datetime, str | None]], without_actions: Iterable[str], start_date: date,
    ) -> None:  # fmt: skip
        self.organization, self.calendar, self.repositories = organization, calendar, repositories
        self.without_actions, self.start_date = set(without_actions), start_date
        self.piles: dict[tuple[Scope, Period], _Pile] = defaultdict(_Pile)
        self.first_run: dict[str, date] = {}
        # the simulated company has one CI workflow a repository, so a commit of a repository is a check
        checks: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
        whole: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
        for run in truth.workflow_runs.values():
            if run.kind == "ci" and run.is_default_branch:
                ended = [each for each in run.attempts if each.finished_at and each.conclusion not in NOT_RUN]
                checks[run.repository, run.head_oid] += ended
                whole[run.repository, run.head_oid] += [each for each in ended if each is run.attempts[0]]
        for (repository, commit), attempts in checks.items():
            if attempts:
                self._check(repository, attempts)
                self._durations(repository, whole[repository, commit])

    def _check(self, repository: str, attempts: list[Attempt]) -> None:
        by_end = sorted(attempts, key=lambda each: each.finished_at or each.started_at)
        results = [each.conclusion for each in by_end]
        first = next((each for each in by_end if each.conclusion in ("success", *FAILED)), None)
        is_flaky = any(result in FAILED and "success" in results[place + 1 :] for place, result in enumerate(results))
        if first is not None:
            for pile, weight in self._piles(repository, first.finished_at):
                pile.checks += weight
                pile.checks_n += 1
                pile.passed += weight * (first.conclusion == "success")
                pile.flaky += weight * is_flaky
        for attempt in by_end:
            assert attempt.finished_at is not None
            day = self.calendar.day(attempt.finished_at)
            self.first_run[repository] = min(day, self.first_run.get(repository, day))
        for attempt in sorted(attempts, key=lambda each: each.started_at)[1:]:
            for pile, weight in self._piles(repository, attempt.finished_at):
                assert attempt.finished_at is not None
                pile.rerun_hours += weight * ((attempt.finished_at - attempt.started_at) / HOUR)
                pile.reruns += 1

    def _durations(self, repository: str, attempts: list[Attempt]) -> None:
        for attempt in attempts:
            if attempt.conclusion == "success" and attempt.finished_at is not None:
                for pile, _ in self._piles(repository, attempt.finished_at):
                    pile.minutes.append((attempt.finished_at - attempt.started_at) / MINUTE)

    def _piles(self, repository: str, at: datetime | None) -> Iterable[tuple[_Pile, float]]:
        if at is not None:
            day = self.calendar.day(at)
            for period in self.calendar.periods_of(day):
                for scope, weight in self._scopes(repository, period, day).items():
                    yield self.piles[scope, period], weight

    def _scopes(self, repository: str, period: Period, day: date) -> dict[Scope, float]:
        _, service = self.repositories[repository]
        owner = self.organization.owner_at(service, day)
        streams = self.organization.value_streams_at(owner, day)
        found = scope_shares(self.organization, period, [(owner, 1.0)] if owner else [], streams.items())
        return found | {("service", service): 1.0} if service else found

    def _repositories(self, period: Period) -> dict[Scope, set[str]]:
        """By scope, the repositories that belonged to it at some time of a period."""
        found: dict[Scope, set[str]] = defaultdict(set)
        days = [period.start + timedelta(days=n) for n in range((period.end - period.start).days)]
        for day in days:
            if day <= self.organization.today:
                for repository, (created_at, _) in self.repositories.items():
                    if created_at < period.end_at:
                        for scope in self._scopes(repository, period, day):
                            found[scope].add(repository)
        return found

    def rows(self) -> Rows:
        """Every CI metric of every scope and period."""
        found: Rows = {}
        for period in self.calendar.periods:
            by_scope = self._repositories(period)
            for scope in (*self.organization.scopes(period), *self.organization.service_scopes(period)):
                repositories = by_scope[scope]
                has_ci = any(
                    name not in self.without_actions and name in self.first_run and self.first_run[name] < period.end
                    for name in repositories
                )
                quality = "not_available" if repositories and repositories <= self.without_actions else "no_data"
                for metric, row in _measures(self.piles[scope, period], None if has_ci else quality):
                    if self.organization.is_suppressed(*scope, period):
                        row = Row(None, None, None, 0, "suppressed")
                    found[Key(metric, *scope, period.grain, period.start, "all")] = row
        return found


def _measures(pile: _Pile, missing: str | None) -> Iterable[tuple[str, Row]]:
    measures = {
        "ci_success_rate": ratio_row(pile.passed, pile.checks, pile.checks_n),
        "ci_flaky_share": ratio_row(pile.flaky, pile.checks, pile.checks_n),
        "ci_duration_p50_minutes": percentile_row(pile.minutes, 0.5, 5),
        "ci_duration_p85_minutes": percentile_row(pile.minutes, 0.85, 10),
        "ci_rerun_hours": Row(pile.rerun_hours, None, None, pile.reruns, "ok"),
    }
    for metric, row in measures.items():
        yield metric, Row(None, None, None, 0, missing) if missing else row
