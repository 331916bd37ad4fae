"""What really happened in Acme's pipelines, releases and security: runs with attempts and jobs, tags, alerts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass(slots=True)
class Release:
    """A release or, where `release_id` is None, a tag alone. Times are None where that did not happen (yet).

    deployment_id: the production deployment that it stands for; None for candidates and for what is not deployed.
    """

    release_id: str | None
    repository: str
    service: str | None
    tag_name: str
    commit_oid: str
    made_at: datetime
    published_at: datetime | None
    is_prerelease: bool = False
    deployment_id: str | None = None
    deleted_at: datetime | None = None


@dataclass(slots=True)
class Job:
    """A job; is_production: it changes production. conclusion None while it runs."""

    name: str
    started_at: datetime
    finished_at: datetime | None
    conclusion: str | None
    is_production: bool = False


@dataclass(slots=True)
class Attempt:
    """An attempt of a run; only those of deployments have jobs here."""

    started_at: datetime
    finished_at: datetime | None
    conclusion: str | None
    jobs: list[Job] = field(default_factory=list)


@dataclass(slots=True)
class WorkflowRun:
    """A workflow run. kind: ci or deploy. deployment_id: the production deployment that it made or tried to make."""

    run_id: int
    repository: str
    service: str | None
    kind: str
    event: str
    branch: str
    head_oid: str
    is_default_branch: bool
    attempts: list[Attempt]
    deployment_id: str | None = None

    @property
    def created_at(self) -> datetime:
        """When it was set off."""
        return self.attempts[0].started_at

    @property
    def conclusion(self) -> str | None:
        """That of the latest attempt."""
        return self.attempts[-1].conclusion

    @property
    def is_flaky(self) -> bool:
        """Whether an attempt failed and a later one, of the same commit, passed."""
        results = [attempt.conclusion for attempt in self.attempts]
        return any("failure" in results[:n] for n, result in enumerate(results) if result == "success")

    @property
    def rerun_seconds(self) -> float:
        """How long its repetitions took."""
        ended = [a for a in self.attempts[1:] if a.finished_at is not None]
        return sum((a.finished_at - a.started_at).total_seconds() for a in ended if a.finished_at)


@dataclass(slots=True)
class Finding:
    """A security alert. kind: dependabot, code_scanning or secret_scanning; severity: low, medium, high, critical.

    advisory: what makes it the same as another scanner's in the repository (CVE or GHSA); None where it has none.
    changes: (when, state, reason), oldest first, in the vendor's words; open from `created_at` to the first.
    """

    finding_id: str
    repository: str
    service: str | None
    kind: str
    number: int
    severity: str
    advisory: str | None
    created_at: datetime
    changes: list[tuple[datetime, str, str | None]] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The latest state."""
        return self.changes[-1][1] if self.changes else "open"

    @property
    def is_false_positive(self) -> bool:
        """Whether somebody closed it as none."""
        reasons = ("inaccurate", "false positive", "false_positive", "used in tests", "used_in_tests")
        return bool(self.changes) and self.changes[-1][2] in reasons

    @property
    def is_reopened(self) -> bool:
        """Whether it was ever closed and opened again."""
        return any(state == "open" for _, state, _ in self.changes)


def release_at(release: Release, clock: datetime) -> Release:
    """A release as it was: a draft until it is published, there until it is deleted."""
    return replace(
        release,
        published_at=_past(release.published_at, clock),
        deleted_at=_past(release.deleted_at, clock),
    )


def run_at(run: WorkflowRun, clock: datetime) -> WorkflowRun:
    """A run with the attempts and jobs that had begun."""
    return replace(run, attempts=[_attempt_at(a, clock) for a in run.attempts if a.started_at <= clock])


def finding_at(finding: Finding, clock: datetime) -> Finding:
    """A finding with the changes so far."""
    return replace(finding, changes=[change for change in finding.changes if change[0] <= clock])


def _attempt_at(attempt: Attempt, clock: datetime) -> Attempt:
    jobs = [
        job if _past(job.finished_at, clock) else replace(job, finished_at=None, conclusion=None)
        for job in attempt.jobs
        if job.started_at <= clock
    ]
    if _past(attempt.finished_at, clock):
        return replace(attempt, jobs=jobs)
    return replace(attempt, finished_at=None, conclusion=None, jobs=jobs)


def _past(at: datetime | None, clock: datetime) -> datetime | None:
    return at if at is not None and at <= clock else None
