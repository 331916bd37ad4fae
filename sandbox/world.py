"""What a simulated or recorded company looks like to the doubles of the vendors' APIs.

A world is plain data with time in it. A double serves what a world shows at a clock: things created later
are absent, changes made later are not applied. Recorded data are a world too (final state, no patches).
All datetimes are timezone-aware UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class History:
    """One entry of a Jira changelog.

    items: Jira's own shape (`field`, `fieldId`, `fieldtype`, `from`, `fromString`, `to`, `toString`).
    patch: the Jira `fields` entries that this entry overwrites (whole values); the pseudo-field `key` renames the
    issue. Empty for recorded data, whose `fields` are final already.
    """

    id: str
    created: datetime
    author: str
    items: list[dict[str, Any]]
    patch: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Issue:
    """A Jira issue: `fields` as at creation, then its histories, oldest first. `id`, numeric text, never changes."""

    id: str
    key: str
    created: datetime
    fields: dict[str, Any]
    histories: list[History] = field(default_factory=list)
    deleted_at: datetime | None = None


@dataclass(slots=True)
class JiraWorld:
    """A Jira Cloud site. projects/issue_types/statuses/fields are dicts in the vendor's response shape.

    time_zone: of the API user; JQL date texts (not epoch milliseconds) are read in it.
    hidden_projects: project key -> [(from, to)] during which the API user may not see it (permission lost).
    boards: agile boards, a listing's answer with their `configuration` beside it. sprints: those of all boards.
    has_agile: whether the site has Jira Software at all.
    """

    projects: list[dict[str, Any]]
    issue_types: list[dict[str, Any]]
    statuses: list[dict[str, Any]]
    fields: list[dict[str, Any]]
    issues: list[Issue]
    users: dict[str, str] = field(default_factory=dict)
    time_zone: str = "UTC"
    hidden_projects: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    boards: list[dict[str, Any]] = field(default_factory=list)
    sprints: list[dict[str, Any]] = field(default_factory=list)
    has_agile: bool = True


@dataclass(slots=True)
class Actor:
    """A GitHub account. kind: User, Bot, Mannequin or Organization (GraphQL `__typename`)."""

    login: str
    kind: str = "User"


@dataclass(slots=True)
class Commit:
    """A commit. visible_at: when it could first be read where it stands (pushed to the branch or merged)."""

    oid: str
    parents: list[str]
    message: str
    author: Actor | None
    authored_at: datetime
    committed_at: datetime
    visible_at: datetime
    additions: int = 0
    deletions: int = 0
    changed_files: int = 1


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file of a pull request. change_type: GraphQL PatchStatus (ADDED, MODIFIED, DELETED, RENAMED, ...)."""

    path: str
    additions: int
    deletions: int
    change_type: str = "MODIFIED"


@dataclass(slots=True)
class Review:
    """A pull-request review. state: APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED."""

    id: str
    author: Actor | None
    state: str
    submitted_at: datetime
    comments: int = 0


@dataclass(slots=True)
class TimelineEvent:
    """A pull-request timeline item, named as its GraphQL type, for example ReadyForReviewEvent, ConvertToDraftEvent,
    ReviewRequestedEvent, ReviewRequestRemovedEvent, HeadRefForcePushedEvent, ClosedEvent, ReopenedEvent, MergedEvent,
    LabeledEvent. data: further fields of the type (label name, requested reviewer login, before and after commit)."""

    id: str
    type: str
    created_at: datetime
    actor: Actor | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class PullRequest:
    """A pull request with everything that ever happened to it; state at a clock is derived from the times.

    files: those that changed, the same at every clock; empty where they are not known (recorded data).
    """

    id: str
    number: int
    title: str
    body: str
    author: Actor | None
    created_at: datetime
    base_ref: str
    head_ref: str
    created_as_draft: bool = False
    commits: list[Commit] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    timeline: list[TimelineEvent] = field(default_factory=list)
    labels: list[tuple[str, datetime]] = field(default_factory=list)
    additions: int = 0
    deletions: int = 0
    changed_files: int = 1
    files: list[ChangedFile] = field(default_factory=list)
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merge_commit_oid: str | None = None
    merged_by: Actor | None = None
    is_cross_repository: bool = False
    updated_at: datetime | None = None  # recorded data only; else derived from the latest visible event


@dataclass(slots=True)
class GithubIssue:
    """An issue of a repository (not a pull request)."""

    id: str
    number: int
    title: str
    author: Actor | None
    created_at: datetime
    closed_at: datetime | None = None
    labels: list[str] = field(default_factory=list)
    updated_at: datetime | None = None


@dataclass(slots=True)
class DeploymentStatus:
    """A status of a deployment. state: GraphQL DeploymentStatusState (SUCCESS, FAILURE, ERROR, INACTIVE, ...)."""

    id: str
    state: str
    created_at: datetime


@dataclass(slots=True)
class Deployment:
    """A deployment of one commit to one environment, with all its statuses, oldest first."""

    id: str
    database_id: int
    environment: str
    ref: str
    commit_oid: str
    created_at: datetime
    statuses: list[DeploymentStatus] = field(default_factory=list)
    description: str = ""
    task: str = "deploy"
    creator: Actor | None = None


@dataclass(slots=True)
class Release:
    """A release: a draft from `drafted_at` until it is published. GitHub dates its creation by the tagged commit."""

    id: str
    tag_name: str
    commit_oid: str
    committed_at: datetime
    drafted_at: datetime
    published_at: datetime | None
    is_prerelease: bool = False
    author: Actor | None = None
    deleted_at: datetime | None = None


@dataclass(slots=True)
class Tag:
    """A tag; only an annotated one tells when it was made."""

    name: str
    commit_oid: str
    committed_at: datetime
    tagged_at: datetime
    is_annotated: bool = False
    deleted_at: datetime | None = None


@dataclass(slots=True)
class Job:
    """A job of a run's attempt. conclusion: REST's (success, failure, cancelled, skipped, ...); None while it runs."""

    id: int
    name: str
    started_at: datetime
    completed_at: datetime | None
    conclusion: str | None


@dataclass(slots=True)
class RunAttempt:
    """An attempt of a workflow run; without jobs, it is one job that lasted as long."""

    started_at: datetime
    completed_at: datetime | None
    conclusion: str | None
    jobs: list[Job] = field(default_factory=list)
    actor: Actor | None = None


@dataclass(slots=True)
class WorkflowRun:
    """A workflow run with its attempts, oldest first; it was created when the first one started."""

    id: int
    number: int
    workflow: str
    path: str
    event: str
    head_branch: str
    head_oid: str
    title: str
    attempts: list[RunAttempt]
    actor: Actor | None = None

    @property
    def created_at(self) -> datetime:
        """When it was set off."""
        return self.attempts[0].started_at


@dataclass(slots=True)
class Alert:
    """A security alert. kind: dependabot, code_scanning or secret_scanning.

    data: what never changes, in the vendor's shape (dependency and advisory; rule and tool; type of the secret).
    changes: (when, state, reason), oldest first; it was open before the first.
    """

    kind: str
    number: int
    created_at: datetime
    data: dict[str, Any]
    changes: list[tuple[datetime, str, str | None]] = field(default_factory=list)


@dataclass(slots=True)
class Repository:
    """A repository; `commits` are those of its default branch, oldest first by visible_at.

    switched_off: parts of the product that it does not have: actions, or kinds of alerts.
    """

    id: str
    name_with_owner: str
    created_at: datetime
    default_branch: str = "main"
    is_archived: bool = False
    commits: list[Commit] = field(default_factory=list)
    pull_requests: list[PullRequest] = field(default_factory=list)
    issues: list[GithubIssue] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    workflow_runs: list[WorkflowRun] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    switched_off: set[str] = field(default_factory=set)
    renamed_from: list[tuple[str, datetime]] = field(default_factory=list)
    deleted_at: datetime | None = None


@dataclass(slots=True)
class GithubWorld:
    """A GitHub host with organisations' repositories.

    is_security_manager: whether the account may list the alerts of a whole organisation.
    """

    repositories: list[Repository]
    is_security_manager: bool = True


@dataclass(slots=True)
class LogEntry:
    """Something that happened to a PagerDuty incident. type: the vendor's, such as acknowledge_log_entry.

    agent: name of the person who did it, None for the service or its integration. channel: the vendor's type (website,
    auto, timeout, api, ...). into: the incident that this one was merged into (a resolve_log_entry).
    """

    id: str
    type: str
    created_at: datetime
    agent: str | None = None
    channel: str = "auto"
    into: str | None = None


@dataclass(slots=True)
class PagerdutyIncident:
    """An incident with all its log entries, oldest first; its status at a clock follows from them."""

    id: str
    number: int
    title: str
    service_id: str
    created_at: datetime
    urgency: str = "high"
    priority_id: str | None = None
    entries: list[LogEntry] = field(default_factory=list)
    deleted_at: datetime | None = None


@dataclass(slots=True)
class PagerdutyWorld:
    """A PagerDuty account. services, priorities: dicts in the vendor's response shape; priorities the worst first.

    has_priorities: whether the account's plan has them at all. hidden_services: service id -> [(from, to)] during which
    the API key may not see the service's incidents.
    """

    services: list[dict[str, Any]]
    priorities: list[dict[str, Any]]
    incidents: list[PagerdutyIncident]
    has_priorities: bool = True
    hidden_services: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)


@dataclass(slots=True)
class TypeformForm:
    """A form. definition, responses: in the vendor's shape."""

    definition: dict[str, Any]
    responses: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class TypeformWorld:
    """A Typeform account: forms by id."""

    forms: dict[str, TypeformForm]


@dataclass(slots=True)
class QualtricsSurvey:
    """A survey. questions: text by export name (embedded data too); responses: metadata by id (times aware), answers by
    export name. time_zone: in which the export writes times.
    """

    questions: dict[str, str]
    responses: list[dict[str, Any]] = field(default_factory=list)
    time_zone: str = "America/Denver"


@dataclass(slots=True)
class QualtricsWorld:
    """A Qualtrics brand: surveys by id. polls: how often a job is not yet complete; fails: every job does."""

    surveys: dict[str, QualtricsSurvey]
    polls: int = 2
    fails: bool = False


@dataclass(slots=True)
class World:
    """Everything the doubles can serve. default_clock: the time shown when none is asked for."""

    default_clock: datetime
    jira: JiraWorld | None = None
    github: GithubWorld | None = None
    pagerduty: PagerdutyWorld | None = None
    typeform: TypeformWorld | None = None
    qualtrics: QualtricsWorld | None = None
