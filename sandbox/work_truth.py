"""What really happened to Acme's work, as the simulator acts: items, initiatives, sprints. See `sandbox.truth`."""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

Share = tuple[tuple[str, float], ...]


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
class Sprint:
    """A sprint as it really ran: closed_at may be days after the planned end."""

    sprint_id: int
    team: str
    started_at: datetime
    planned_end_at: datetime
    closed_at: datetime | None


_T = TypeVar("_T", Identity, OutcomeText)


def _in_force(versions: list[_T], at: datetime) -> _T | None:
    index = bisect_right(versions, at, key=lambda version: version.from_at)
    return versions[index - 1] if index else None


def past(at: datetime | None, clock: datetime) -> datetime | None:
    """A moment, if it has come."""
    return at if at is not None and at <= clock else None


def item_at(item: WorkItem, clock: datetime) -> WorkItem:
    """What had happened to an item by a moment."""
    return replace(
        item,
        episodes=[replace(e, to_at=past(e.to_at, clock)) for e in item.episodes if e.from_at <= clock],
        identities=[i for i in item.identities if i.from_at <= clock],
        deleted_at=past(item.deleted_at, clock),
        blocked=[(a, past(b, clock)) for a, b in item.blocked if a <= clock],
        sprints=[(s, a, past(b, clock)) for s, a, b in item.sprints if a <= clock],
        links=[(o, a, past(b, clock)) for o, a, b in item.links if a <= clock],
        points=[(a, value) for a, value in item.points if a <= clock],
        costs_of_delay=[(a, value) for a, value in item.costs_of_delay if a <= clock],
        outcome_types=[(a, value) for a, value in item.outcome_types if a <= clock],
        found_in=[(a, value) for a, value in item.found_in if a <= clock],
        severities=[(a, value) for a, value in item.severities if a <= clock],
        components=[(a, names) for a, names in item.components if a <= clock],
        advisories=[(a, value) for a, value in item.advisories if a <= clock],
    )


def initiative_at(initiative: Initiative, clock: datetime) -> Initiative:
    """What had been written into an initiative by a moment."""
    return replace(
        initiative,
        outcomes=[o for o in initiative.outcomes if o.from_at <= clock],
        actual_outcomes=[o for o in initiative.actual_outcomes if o.from_at <= clock],
        verdicts=[(a, name) for a, name in initiative.verdicts if a <= clock],
    )


def key_result_at(result: KeyResult, clock: datetime) -> KeyResult:
    """What had been written into a key result by a moment."""
    return replace(
        result,
        targets=[(a, v) for a, v in result.targets if a <= clock],
        last_days=[(a, v) for a, v in result.last_days if a <= clock],
        values=[(a, v) for a, v in result.values if a <= clock],
        confidences=[(a, v) for a, v in result.confidences if a <= clock],
        cancelled_at=past(result.cancelled_at, clock),
    )
