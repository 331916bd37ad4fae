"""Flow of the simulated company from what every work item really did, without any payload."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sandbox.truth import Episode, Share, Truth, WorkItem
from tests.oracle.attribution import Identity, Profile
from tests.oracle.flow_items import Interval, Item, settle
from tests.oracle.flow_world import FlowWorld
from tests.oracle.jira_history import History, LinkChange, Named
from tests.oracle.organization import ORGANIZATION, UNASSIGNED
from tests.oracle.raw_data import Payload, RawData, Settings
from tests.oracle.timeline import BEGINNING, FOREVER, Timeline, micros

CONNECTION = "jira"
IN_PROGRESS = ("active", "waiting")


@dataclass(frozen=True, slots=True)
class Life:
    """When an item was first started, first done, and cancelled, if it is cancelled now."""

    item: WorkItem
    started_at: datetime | None
    done_at: datetime | None
    cancelled_at: datetime | None


def life(item: WorkItem) -> Life:
    """The life of an item, judged by its stays in states."""
    entries = [e for e in item.episodes if e.is_entry]
    done_at = next((e.from_at for e in entries if e.state == "done"), None)
    started_at = next((e.from_at for e in entries if e.state in IN_PROGRESS), None)
    if done_at and started_at and started_at > done_at:
        started_at = None
    is_cancelled = item.episodes[-1].state == "cancelled"
    cancelled_at = [e.from_at for e in entries if e.state == "cancelled"][-1] if is_cancelled else None
    if item.deleted_at and item.episodes[-1].state not in ("done", "cancelled"):
        cancelled_at = item.deleted_at
    return Life(item, started_at, done_at, cancelled_at)


def true_world(
    truth: Truth,
    tables: Mapping[str, Sequence[Mapping[str, object]]],
    nights: Iterable[datetime],
    settings: Settings,
    start_date: date,
    first_event: datetime,
) -> FlowWorld:
    """The flow family's inputs as they really were.

    tables: rows of the organisation's files (texts, blank = open). nights: moments at which the pipeline read the
    tracker; what was deleted before the first was never seen, and a later deletion is known from the night that missed
    the item. start_date: first day asked for. first_event: the first thing known of anything.
    """
    moments = sorted(micros(night) for night in nights)
    rows: dict[str, list[Payload]] = {
        name: [{key: None if value == "" else value for key, value in row.items()} for row in found]
        for name, found in tables.items()
    }
    raw = RawData(
        settings=settings,
        jira={"sprints": [(CONNECTION, str(key), _sprint(sprint)) for key, sprint in truth.sprints.items()]},
        tables=rows,
        sources={CONNECTION: "jira", "first": ""},
        start_dates={CONNECTION: start_date, "first": None},
        first_events={
            CONNECTION: min(micros(item.created_at) for item in truth.work_items.values()),
            "first": micros(first_event),
        },
    )
    orders = {row["stage"]: int(row["stage_order"]) for row in rows["status_mappings"] if row["stage"]}
    numbers: dict[object, int] = {}
    items = []
    for work_item in truth.work_items.values():
        gone = None
        if work_item.deleted_at is not None:
            deleted = micros(work_item.deleted_at)
            if deleted <= moments[0]:
                continue
            gone = next((moment for moment in moments if moment >= deleted), None)
        items.append(_item(work_item, gone, settings.as_of, orders, numbers))
    return FlowWorld(raw, items)


def _sprint(sprint: Any) -> Payload:
    closed = sprint.closed_at.isoformat() if sprint.closed_at else None
    return {"id": sprint.sprint_id, "activatedDate": sprint.started_at.isoformat(), "completeDate": closed}


def _item(
    work_item: WorkItem, gone: int | None, as_of: int, orders: Mapping[str, int], numbers: dict[object, int]
) -> Item:
    identities = _identities(work_item, numbers)
    history = _history(work_item, gone)
    return settle(Item(history, identities, _intervals(work_item.episodes, gone, orders), as_of, history.created_at))


def _intervals(episodes: Sequence[Episode], gone: int | None, orders: Mapping[str, int]) -> list[Interval]:
    found = []
    starts = [micros(episode.from_at) for episode in episodes]
    until = FOREVER if gone is None else gone
    for episode, start, end in zip(episodes, starts, [*starts[1:], FOREVER], strict=True):
        if start < until:
            order = orders.get(episode.stage or "")
            end = min(end, until)
            stay = (episode.status_id, episode.state, episode.stage, order, episode.is_blocked, episode.is_entry)
            found.append(Interval(start, end, *stay))
    if gone is not None:
        last = found[-1]
        state = last.state if last.state in ("done", "cancelled") else "cancelled"
        found.append(Interval(gone, FOREVER, None, state, last.stage, last.order, False, True))
    return found


def _identities(work_item: WorkItem, numbers: dict[object, int]) -> Timeline[Identity]:
    entries = []
    for place, identity in enumerate(work_item.identities):
        shares = {(ORGANIZATION, ORGANIZATION): 1.0}
        shares |= _shares("team", identity.teams) | _shares("value_stream", identity.value_streams)
        profile = Profile(CONNECTION, identity.project, Named(None, identity.issue_type), frozenset())
        contents = (profile, identity.flow_item_type, identity.level, tuple(sorted(shares.items())))
        number = numbers.setdefault(contents, len(numbers))
        start = micros(identity.from_at) if place else BEGINNING
        entries.append((start, Identity(number, profile, identity.flow_item_type, identity.level, shares)))
    return Timeline(entries)


def _shares(scope_type: str, shares: Share) -> dict[tuple[str, str], float]:
    return {(scope_type, name): weight for name, weight in shares or ((UNASSIGNED, 1.0),)}


def _history(item: WorkItem, gone: int | None) -> History:
    identities = item.identities

    def told(values: Sequence[Any]) -> Timeline[Any]:
        starts = [BEGINNING, *(micros(identity.from_at) for identity in identities[1:])]
        return Timeline(zip(starts, values, strict=True))

    linked = [LinkChange(micros(start), other, True) for other, start, _ in item.links]
    linked += [LinkChange(micros(end), other, False) for other, _, end in item.links if end]
    return History(
        item_key=f"{CONNECTION}:{item.item_id}",
        connection=CONNECTION,
        issue_id=item.item_id,
        keys={item.item_id},
        created_at=micros(item.created_at),
        gone=None if gone is None else (gone, "deleted"),
        statuses=[],
        project=told([identity.project for identity in identities]),
        issue_type=told([Named(None, identity.issue_type) for identity in identities]),
        epic=Timeline([(BEGINNING, Named(None, None))]),
        team=Timeline([(BEGINNING, Named(None, None))]),
        labels=told([frozenset(identity.labels) for identity in identities]),
        components={},
        priority=Timeline([(BEGINNING, Named(None, item.priority))]),
        severity=_chosen(item.severities),
        found_in=_chosen(item.found_in),
        sprints=_sprints(item),
        flagged=_flags(item),
        points=Timeline([(BEGINNING, None), *((micros(at), value) for at, value in item.points)]),
        cost_of_delay=Timeline([(BEGINNING, None), *((micros(at), value) for at, value in item.costs_of_delay)]),
        blocked_by=set(),
        link_changes=sorted(linked),
    )


def _chosen(told: Sequence[tuple[datetime, str]]) -> Timeline[Named]:
    return Timeline([(BEGINNING, Named(None, None)), *((micros(at), Named(None, value)) for at, value in told)])


def _sprints(item: WorkItem) -> Timeline[frozenset[str]]:
    edges = {edge for _, start, end in item.sprints for edge in (start, end) if edge}
    entries: list[tuple[int, frozenset[str]]] = [(BEGINNING, frozenset())]
    for edge in sorted(edges):
        held = {str(key) for key, start, end in item.sprints if start <= edge and (end is None or edge < end)}
        entries.append((micros(edge), frozenset(held)))
    return Timeline(entries)


def _flags(item: WorkItem) -> Timeline[bool]:
    entries = [(BEGINNING, False)]
    for start, end in item.blocked:
        entries += [(micros(start), True), *([(micros(end), False)] if end else [])]
    return Timeline(entries)
