"""What really happened at Acme, written down by the simulator as it acts; tests compare published metrics with it.

Definitions are those of METRICS.md. All times are aware UTC datetimes; dated facts change at midnight in Europe/Berlin.
A `Truth` knows everything up to the end of the simulation; `Truth.at(clock)` is what had happened by a moment.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sandbox.change_truth import (
    Deployment,
    DirectPush,
    InboxFinding,
    Incident,
    Parts,
    PullRequest,
    deployment_at,
    inbox_finding_at,
    incident_at,
    parts_at,
    pull_request_at,
    shipped_at,
)
from sandbox.delivery_truth import Finding, Release, WorkflowRun, finding_at, release_at, run_at
from sandbox.work_truth import (
    Episode,
    Identity,
    Initiative,
    KeyResult,
    OutcomeText,
    Share,
    Sprint,
    WorkItem,
    initiative_at,
    item_at,
    key_result_at,
    past,
)

__all__ = [
    "Answer",
    "Deployment",
    "DirectPush",
    "Episode",
    "Identity",
    "InboxFinding",
    "Incident",
    "Initiative",
    "KeyResult",
    "OutcomeText",
    "Parts",
    "Planted",
    "PullRequest",
    "Share",
    "Sprint",
    "Truth",
    "Wave",
    "WorkItem",
    "parts_at",
]


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
            work_items={k: item_at(i, clock) for k, i in self.work_items.items() if i.created_at <= clock},
            initiatives={
                k: initiative_at(i, clock)
                for k, i in self.initiatives.items()
                if self.work_items[k].created_at <= clock
            },
            key_results={k: key_result_at(r, clock) for k, r in self.key_results.items() if r.created_at <= clock},
            sprints={
                k: replace(s, closed_at=past(s.closed_at, clock))
                for k, s in self.sprints.items()
                if s.started_at <= clock
            },
            pull_requests={
                k: pull_request_at(p, clock) for k, p in self.pull_requests.items() if p.created_at <= clock
            },
            direct_pushes={k: shipped_at(p, clock) for k, p in self.direct_pushes.items() if p.pushed_at <= clock},
            deployments={k: deployment_at(d, clock) for k, d in self.deployments.items() if d.created_at <= clock},
            incidents={k: incident_at(i, clock) for k, i in self.incidents.items() if i.started_at <= clock},
            inbox_deployments={
                k: deployment_at(d, clock) for k, d in self.inbox_deployments.items() if d.created_at <= clock
            },
            inbox_findings={
                k: inbox_finding_at(f, clock) for k, f in self.inbox_findings.items() if f.opened_at <= clock
            },
            releases={k: release_at(r, clock) for k, r in self.releases.items() if r.made_at <= clock},
            workflow_runs={k: run_at(r, clock) for k, r in self.workflow_runs.items() if r.created_at <= clock},
            findings={k: finding_at(f, clock) for k, f in self.findings.items() if f.created_at <= clock},
            waves={k: w for k, w in self.waves.items() if w.wave_date <= clock.date()},
            answers=[a for a in self.answers if a.submitted_at <= clock],
            planted_names=self.planted_names,
            people=self.people,
            small_teams=self.small_teams,
        )
