"""What really happened at Acme, written down by the simulator as it acts; tests compare published metrics with it.

Definitions are those of METRICS.md. All times are aware UTC datetimes; dated facts change at midnight in Europe/Berlin.
A `Truth` knows everything up to the end of the simulation; `Truth.at(clock)` is what had happened by a moment.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TypeVar

from sandbox.delivery_truth import Finding, Release, WorkflowRun, finding_at, release_at, run_at

Share = tuple[tuple[str, float], ...]
Parts = tuple[tuple[date, tuple[str, ...]], ...]
"""Services of a monorepo that a change belongs to, from which day on; none = nobody's."""


@dataclass(slots=True)
class Episode:
    """A stay in one status under one meaning.

    state: new, waiting, active, done or cancelled; of an ignored status the state before it; None where the company
    has no meaning for it. is_entry: False where only the meaning changed (a dated remap), not the status.
    is_blocked: whether work in the status is blocked.
    """

    status_id: str
    status: str
    state: str | None
    stage: str | None
    from_at: datetime
    to_at: datetime | None = None
    is_entry: bool = True
    is_blocked: bool = False


@dataclass(slots=True)
class Identity:
    """What an item was from a moment on: key, project, type, labels, and whose it was.

    Shares sum to 1; empty = nobody's.
    """

    from_at: datetime
    key: str
    project: str
    issue_type: str
    flow_item_type: str | None
    level: str | None
    teams: Share
    value_streams: Share
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class WorkItem:
    """A work item's life. blocked: flagged intervals; sprints: (sprint id, added, removed or None).

    links: (item id of another that blocked this one, linked, unlinked or None). points, costs_of_delay, found_in (where
    a defect was found), severities, components, advisories (what it is about, by the name that scanners' findings have
    in their truth, from when it says so): (from, value).
    initiative_id: item id of the parent initiative. has_waiting: whether its workflow knows a waiting state.
    Deleted before a first load means that no pipeline can ever have seen it.
    """

    item_id: str
    created_at: datetime
    episodes: list[Episode]
    identities: list[Identity]
    parent_id: str | None = None
    initiative_id: str | None = None
    deleted_at: datetime | None = None
    priority: str = "Medium"
    has_waiting: bool = True
    points: list[tuple[datetime, float]] = field(default_factory=list)
    costs_of_delay: list[tuple[datetime, float]] = field(default_factory=list)
    outcome_types: list[tuple[datetime, str]] = field(default_factory=list)
    found_in: list[tuple[datetime, str]] = field(default_factory=list)
    severities: list[tuple[datetime, str]] = field(default_factory=list)
    components: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)
    advisories: list[tuple[datetime, str]] = field(default_factory=list)
    links: list[tuple[str, datetime, datetime | None]] = field(default_factory=list)
    blocked: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    sprints: list[tuple[int, datetime, datetime | None]] = field(default_factory=list)

    def identity_at(self, at: datetime) -> Identity:
        """The identity in force at a moment (the first one before creation)."""
        return _in_force(self.identities, at) or self.identities[0]

    @property
    def current(self) -> Identity:
        """The latest identity."""
        return self.identities[-1]

    @property
    def story_points(self) -> float | None:
        """The latest estimate."""
        return self.points[-1][1] if self.points else None

    @property
    def cost_of_delay(self) -> float | None:
        """The latest cost of delay a week, in the organisation's currency."""
        return self.costs_of_delay[-1][1] if self.costs_of_delay else None

    @property
    def level(self) -> str | None:
        """flow_item, initiative, subtask, or None for an unmapped type."""
        return self.identities[-1].level

    @property
    def state(self) -> str | None:
        """The latest state."""
        return self.episodes[-1].state

    @property
    def started_at(self) -> datetime | None:
        """First entry to active or waiting (creation if created in one); None if it never was, or only after Done."""
        done_at = self.done_at
        for episode in self.episodes:
            if episode.is_entry and episode.state in ("active", "waiting"):
                return None if done_at and episode.from_at >= done_at else episode.from_at
        return None

    @property
    def done_at(self) -> datetime | None:
        """First entry to done."""
        return next(iter(self.done_times), None)

    @property
    def done_times(self) -> list[datetime]:
        """Every entry to done."""
        return [e.from_at for e in self.episodes if e.is_entry and e.state == "done"]

    @property
    def reopened_times(self) -> list[datetime]:
        """Every time it left done."""
        return [
            after.from_at
            for before, after in zip(self.episodes, self.episodes[1:], strict=False)
            if before.state == "done" and after.state != "done"
        ]

    @property
    def cancelled_at(self) -> datetime | None:
        """When it was cancelled, if it is cancelled now."""
        if self.state != "cancelled":
            return None
        entries = [e.from_at for e in self.episodes if e.is_entry and e.state == "cancelled"]
        return entries[-1]

    def seconds_in(self, state: str, until: datetime) -> float:
        """Seconds spent in a state up to a moment."""
        total = 0.0
        for episode in self.episodes:
            if episode.state == state and episode.from_at < until:
                total += (min(episode.to_at or until, until) - episode.from_at).total_seconds()
        return total


@dataclass(slots=True)
class OutcomeText:
    """A version of an initiative's anticipated or actual outcome. rule: why it is none (blank, placeholder, template,
    copy_of_title, link_only, emoji_only); None = a real outcome."""

    from_at: datetime
    text: str
    rule: str | None


@dataclass(slots=True)
class Initiative:
    """An initiative; its flow is the work item of the same id. verdicts: (from, option chosen)."""

    item_id: str
    team: str
    outcomes: list[OutcomeText]
    actual_outcomes: list[OutcomeText] = field(default_factory=list)
    verdicts: list[tuple[datetime, str]] = field(default_factory=list)

    def outcome_at(self, at: datetime) -> OutcomeText:
        """The version in force at a moment (at the earliest, that of creation)."""
        return _in_force(self.outcomes, at) or self.outcomes[0]


@dataclass(slots=True)
class KeyResult:
    """A key result that is an issue: (from, what was written), of values and confidences none before the first."""

    key: str
    objective: str | None
    created_at: datetime
    targets: list[tuple[datetime, float | None]]
    last_days: list[tuple[datetime, str | None]]
    baseline: float
    first_day: str | None
    values: list[tuple[datetime, str]] = field(default_factory=list)
    confidences: list[tuple[datetime, float]] = field(default_factory=list)
    cancelled_at: datetime | None = None


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


@dataclass(slots=True)
class Sprint:
    """A sprint as it really ran: closed_at may be days after the planned end."""

    sprint_id: int
    team: str
    started_at: datetime
    planned_end_at: datetime
    closed_at: datetime | None


@dataclass(slots=True)
class Answer:
    """One respondent's questionnaire in one wave: item -> number or None (skipped)."""

    wave: str
    respondent: str
    team: str
    submitted_at: datetime
    answers: dict[str, int | None]


@dataclass(slots=True)
class Wave:
    """A survey wave: invited people per team on its date."""

    wave: str
    wave_date: date
    closes_on: date
    invited: dict[str, int]


@dataclass(slots=True)
class Planted:
    """A person's name hidden in free text. where: title, branch, label or outcome; ref: issue key or PR id."""

    name: str
    text: str
    where: str
    ref: str


@dataclass(slots=True)
class Truth:
    """Everything that happened, by subject."""

    work_items: dict[str, WorkItem] = field(default_factory=dict)
    initiatives: dict[str, Initiative] = field(default_factory=dict)
    key_results: dict[str, KeyResult] = field(default_factory=dict)
    sprints: dict[int, Sprint] = field(default_factory=dict)
    pull_requests: dict[str, PullRequest] = field(default_factory=dict)
    direct_pushes: dict[str, DirectPush] = field(default_factory=dict)
    deployments: dict[str, Deployment] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    inbox_deployments: dict[str, Deployment] = field(default_factory=dict)
    inbox_findings: dict[str, InboxFinding] = field(default_factory=dict)
    releases: dict[str, Release] = field(default_factory=dict)
    workflow_runs: dict[int, WorkflowRun] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    waves: dict[str, Wave] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    planted_names: list[Planted] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    small_teams: frozenset[str] = frozenset({"toolsmiths"})

    def at(self, clock: datetime) -> "Truth":
        """What had happened by `clock` (inclusive): later things are absent, later ends open."""
        return Truth(
            work_items={k: _item_at(i, clock) for k, i in self.work_items.items() if i.created_at <= clock},
            initiatives={
                k: replace(
                    i,
                    outcomes=[o for o in i.outcomes if o.from_at <= clock],
                    actual_outcomes=[o for o in i.actual_outcomes if o.from_at <= clock],
                    verdicts=[(a, name) for a, name in i.verdicts if a <= clock],
                )
                for k, i in self.initiatives.items()
                if self.work_items[k].created_at <= clock
            },
            key_results={
                k: replace(
                    r,
                    targets=[(a, v) for a, v in r.targets if a <= clock],
                    last_days=[(a, v) for a, v in r.last_days if a <= clock],
                    values=[(a, v) for a, v in r.values if a <= clock],
                    confidences=[(a, v) for a, v in r.confidences if a <= clock],
                    cancelled_at=_past(r.cancelled_at, clock),
                )
                for k, r in self.key_results.items()
                if r.created_at <= clock
            },
            sprints={
                k: replace(s, closed_at=_past(s.closed_at, clock))
                for k, s in self.sprints.items()
                if s.started_at <= clock
            },
            pull_requests={
                k: _pull_request_at(p, clock) for k, p in self.pull_requests.items() if p.created_at <= clock
            },
            direct_pushes={k: _shipped_at(p, clock) for k, p in self.direct_pushes.items() if p.pushed_at <= clock},
            deployments={k: _deployment_at(d, clock) for k, d in self.deployments.items() if d.created_at <= clock},
            incidents={k: _incident_at(i, clock) for k, i in self.incidents.items() if i.started_at <= clock},
            inbox_deployments={
                k: _deployment_at(d, clock) for k, d in self.inbox_deployments.items() if d.created_at <= clock
            },
            inbox_findings={k: _finding_at(f, clock) for k, f in self.inbox_findings.items() if f.opened_at <= clock},
            releases={k: release_at(r, clock) for k, r in self.releases.items() if r.made_at <= clock},
            workflow_runs={k: run_at(r, clock) for k, r in self.workflow_runs.items() if r.created_at <= clock},
            findings={k: finding_at(f, clock) for k, f in self.findings.items() if f.created_at <= clock},
            waves={k: w for k, w in self.waves.items() if w.wave_date <= clock.date()},
            answers=[a for a in self.answers if a.submitted_at <= clock],
            planted_names=self.planted_names,
            people=self.people,
            small_teams=self.small_teams,
        )


_T = TypeVar("_T", Identity, OutcomeText)


def _in_force(versions: list[_T], at: datetime) -> _T | None:
    index = bisect_right(versions, at, key=lambda version: version.from_at)
    return versions[index - 1] if index else None


def _past(at: datetime | None, clock: datetime) -> datetime | None:
    return at if at is not None and at <= clock else None


def _times(times: Iterable[datetime], clock: datetime) -> list[datetime]:
    return [t for t in times if t <= clock]


def _item_at(item: WorkItem, clock: datetime) -> WorkItem:
    return replace(
        item,
        episodes=[replace(e, to_at=_past(e.to_at, clock)) for e in item.episodes if e.from_at <= clock],
        identities=[i for i in item.identities if i.from_at <= clock],
        deleted_at=_past(item.deleted_at, clock),
        blocked=[(a, _past(b, clock)) for a, b in item.blocked if a <= clock],
        sprints=[(s, a, _past(b, clock)) for s, a, b in item.sprints if a <= clock],
        links=[(o, a, _past(b, clock)) for o, a, b in item.links if a <= clock],
        points=[(a, value) for a, value in item.points if a <= clock],
        costs_of_delay=[(a, value) for a, value in item.costs_of_delay if a <= clock],
        outcome_types=[(a, value) for a, value in item.outcome_types if a <= clock],
        found_in=[(a, value) for a, value in item.found_in if a <= clock],
        severities=[(a, value) for a, value in item.severities if a <= clock],
        components=[(a, names) for a, names in item.components if a <= clock],
        advisories=[(a, value) for a, value in item.advisories if a <= clock],
    )


def _pull_request_at(pull: PullRequest, clock: datetime) -> PullRequest:
    merged_at = _past(pull.merged_at, clock)
    return replace(
        _shipped_at(pull, clock),
        ready_times=_times(pull.ready_times, clock),
        requested_times=_times(pull.requested_times, clock),
        first_review_at=_past(pull.first_review_at, clock),
        merged_at=merged_at,
        merge_oid=pull.merge_oid if merged_at else None,
        closed_at=_past(pull.closed_at, clock),
    )


_C = TypeVar("_C", PullRequest, DirectPush)


def parts_at(parts: Parts, day: date) -> tuple[str, ...]:
    """The services that a change of a monorepo belongs to on a day."""
    return next((services for since, services in reversed(parts) if since <= day), ())


def _shipped_at(change: _C, clock: datetime) -> _C:
    change = replace(change, shipments=[each for each in change.shipments if each[1] <= clock])
    if _past(change.deployed_at, clock):
        return change
    return replace(change, deployed_at=None, deployment_id=None, deployed_by=None)


def _deployment_at(deployment: Deployment, clock: datetime) -> Deployment:
    if _past(deployment.finished_at, clock):
        return deployment
    return replace(deployment, outcome=None, finished_at=None)


def _incident_at(incident: Incident, clock: datetime) -> Incident:
    resolved = _times(incident.resolved_times, clock)
    return replace(
        incident,
        acknowledged_at=_past(incident.acknowledged_at, clock),
        escalated_at=_past(incident.escalated_at, clock),
        resolved_times=resolved,
        reopened_times=_times(incident.reopened_times, clock),
        merged_into=incident.merged_into if resolved or incident.source == "inbox" else None,
        deleted_at=_past(incident.deleted_at, clock),
        cancelled_at=_past(incident.cancelled_at, clock),
    )


def _finding_at(finding: InboxFinding, clock: datetime) -> InboxFinding:
    closed_at = _past(finding.closed_at, clock)
    return replace(
        finding,
        state=finding.state if closed_at or finding.closed_at is None else "open",
        closed_at=closed_at,
        reopened_times=_times(finding.reopened_times, clock),
    )
