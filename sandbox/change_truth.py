"""What really happened to Acme's changes, releases and incidents, as the simulator acts. See `sandbox.truth`."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar

from sandbox.work_truth import past

Parts = tuple[tuple[date, tuple[str, ...]], ...]
"""Services of a monorepo that a change belongs to, from which day on; none = nobody's."""


@dataclass(slots=True)
class PullRequest:
    """A pull request. ready_times: when it became ready for review (creation, if not a draft); requested_times: human
    reviewers asked; first_review_at: by a person other than the author; deployed_at: its first successful production
    release; deployed_by: `direct`, `range`, or None where no tool can tell (first known release of a service). reverts:
    the pull request (id) or push (oid) that it says it takes back. size_lines: changed lines of a merged one without
    generated files; size_method: files, or total where its files cannot all be read. parts: in a monorepo, the
    services that it touches (`service`, `deployed_by` are None then); shipments: service, moment and deployment of its
    first release with each."""

    pull_request_id: str
    repository: str
    number: int
    service: str | None
    item_id: str | None
    is_bot: bool
    is_ai_assisted: bool
    created_at: datetime
    first_commit_authored_at: datetime
    ready_times: list[datetime]
    requested_times: list[datetime]
    first_review_at: datetime | None = None
    merged_at: datetime | None = None
    merge_oid: str | None = None
    closed_at: datetime | None = None
    deployed_at: datetime | None = None
    deployment_id: str | None = None
    deployed_by: str | None = None
    is_hotfix: bool = False
    is_revert: bool = False
    reverts: str | None = None
    size_lines: int = 0
    size_method: str = "files"
    parts: Parts | None = None
    shipments: list[tuple[str, datetime, str]] = field(default_factory=list)

    @property
    def ready_at(self) -> datetime | None:
        """The last time it became ready before its first review (before its end, or ever, if never reviewed)."""
        limit = self.first_review_at or self.merged_at or self.closed_at
        times = [t for t in self.ready_times if limit is None or t <= limit]
        return times[-1] if times else None

    @property
    def review_turnaround_from(self) -> datetime | None:
        """Latest of ready and review requested before the first review; None if not reviewed."""
        if self.first_review_at is None:
            return None
        times = [t for t in (*self.ready_times, *self.requested_times) if t <= self.first_review_at]
        return max(times) if times else None


@dataclass(slots=True)
class DirectPush:
    """A commit pushed to the default branch without a pull request: a change of its own (see `PullRequest`)."""

    oid: str
    repository: str
    service: str | None
    is_bot: bool
    authored_at: datetime
    pushed_at: datetime
    deployed_at: datetime | None = None
    deployment_id: str | None = None
    deployed_by: str | None = None
    is_hotfix: bool = False
    is_revert: bool = False
    reverts: str | None = None
    parts: Parts | None = None
    shipments: list[tuple[str, datetime, str]] = field(default_factory=list)


@dataclass(slots=True)
class Deployment:
    """A release of a repository to an environment.

    outcome: success; failed (the job failed after it had begun: in progress, then failure); failed_before (it never
    began: no in progress); cancelled (inbox only); None while it runs. finished_at: time of the success or failure
    status. rollback_of: the deployment it undid.
    """

    deployment_id: str
    repository: str
    service: str | None
    environment: str
    is_production: bool
    commit_oid: str
    created_at: datetime
    outcome: str | None
    finished_at: datetime | None
    rollback_of: str | None = None


@dataclass(slots=True)
class Incident:
    """Trouble in production, as one tool knows it.

    source: pagerduty, inbox or jira (a ticket: incident_id is its work item's). tool_service: the service's name there
    (of a ticket its component, blank without one); service: ours, None where it is nobody's. severity: P1 to P5
    (pagerduty; None: without priority), critical, high, medium, low (inbox), or SEV1 to SEV4, else the priority (jira).
    cancelled_at: a ticket that turned out to be none. resolved_times[0] is the first resolution; reopened_times lie
    between resolutions. caused_by: the deployment that really caused it, whether or not anything shows it; linked_to:
    the deployment that its record names. same_as: the incident, perhaps of another tool, that is the same trouble;
    merged_into: where the tool itself says so (pagerduty's merge, the inbox' duplicate_of).
    """

    incident_id: str
    source: str
    tool_service: str
    service: str | None
    severity: str | None
    urgency: str
    started_at: datetime
    acknowledged_at: datetime | None = None
    escalated_at: datetime | None = None
    resolved_times: list[datetime] = field(default_factory=list)
    reopened_times: list[datetime] = field(default_factory=list)
    caused_by: str | None = None
    linked_to: str | None = None
    same_as: str | None = None
    merged_into: str | None = None
    deleted_at: datetime | None = None
    cancelled_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is not resolved, or was reopened since."""
        return len(self.resolved_times) <= len(self.reopened_times)


@dataclass(slots=True)
class InboxFinding:
    """A security finding of a tool without a connector. state: open, fixed, dismissed or false_positive."""

    finding_id: str
    service: str
    repository: str
    scanner: str
    advisory: str
    severity: str
    opened_at: datetime
    state: str
    closed_at: datetime | None = None
    reopened_times: list[datetime] = field(default_factory=list)


def _times(times: Iterable[datetime], clock: datetime) -> list[datetime]:
    return [t for t in times if t <= clock]


def pull_request_at(pull: PullRequest, clock: datetime) -> PullRequest:
    """What had happened to a pull request by a moment."""
    merged_at = past(pull.merged_at, clock)
    return replace(
        shipped_at(pull, clock),
        ready_times=_times(pull.ready_times, clock),
        requested_times=_times(pull.requested_times, clock),
        first_review_at=past(pull.first_review_at, clock),
        merged_at=merged_at,
        merge_oid=pull.merge_oid if merged_at else None,
        closed_at=past(pull.closed_at, clock),
    )


_C = TypeVar("_C", PullRequest, DirectPush)


def parts_at(parts: Parts, day: date) -> tuple[str, ...]:
    """The services that a change of a monorepo belongs to on a day."""
    return next((services for since, services in reversed(parts) if since <= day), ())


def shipped_at(change: _C, clock: datetime) -> _C:
    """How far a change had come by a moment."""
    change = replace(change, shipments=[each for each in change.shipments if each[1] <= clock])
    if past(change.deployed_at, clock):
        return change
    return replace(change, deployed_at=None, deployment_id=None, deployed_by=None)


def deployment_at(deployment: Deployment, clock: datetime) -> Deployment:
    """What had happened to a release by a moment."""
    if past(deployment.finished_at, clock):
        return deployment
    return replace(deployment, outcome=None, finished_at=None)


def incident_at(incident: Incident, clock: datetime) -> Incident:
    """What one tool knew of an incident by a moment."""
    resolved = _times(incident.resolved_times, clock)
    return replace(
        incident,
        acknowledged_at=past(incident.acknowledged_at, clock),
        escalated_at=past(incident.escalated_at, clock),
        resolved_times=resolved,
        reopened_times=_times(incident.reopened_times, clock),
        merged_into=incident.merged_into if resolved or incident.source == "inbox" else None,
        deleted_at=past(incident.deleted_at, clock),
        cancelled_at=past(incident.cancelled_at, clock),
    )


def inbox_finding_at(finding: InboxFinding, clock: datetime) -> InboxFinding:
    """What a scanner knew of a finding by a moment."""
    closed_at = past(finding.closed_at, clock)
    return replace(
        finding,
        state=finding.state if closed_at or finding.closed_at is None else "open",
        closed_at=closed_at,
        reopened_times=_times(finding.reopened_times, clock),
    )
