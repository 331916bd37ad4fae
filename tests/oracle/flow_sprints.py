"""Sprints as they really began and ended: what was promised, what was kept, what came and went in between."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.oracle.flow_items import Item
from tests.oracle.flow_world import FlowWorld
from tests.oracle.raw_data import Payload
from tests.oracle.timeline import micros


@dataclass(slots=True)
class Sprint:
    """A closed sprint with its actual moments and its items.

    committed: in it at its start. completed: first Done in it between start and close; kept: those of them that were
    committed. added: came into it after its start. removed, carried: not completed, and out of it, or in it, at its
    close.
    """

    key: str
    sprint_id: str
    board_id: str
    started_at: int
    closed_at: int
    committed: list[Item] = field(default_factory=list)
    completed: list[Item] = field(default_factory=list)
    kept: list[Item] = field(default_factory=list)
    added: list[Item] = field(default_factory=list)
    removed: list[Item] = field(default_factory=list)
    carried: list[Item] = field(default_factory=list)


def started_at(payload: Payload) -> int | None:
    """The actual start of a sprint; the planned one where the tracker does not tell it and the sprint has begun."""
    begun = payload.get("activatedDate") or (payload.get("startDate") if payload.get("state") != "future" else None)
    return micros(begun) if begun else None


def closed_sprints(world: FlowWorld) -> Iterable[Sprint]:
    """Every sprint that had been closed by the run's clock."""
    found: dict[tuple[str, str], Sprint] = {}
    for connection, key, payload in world.raw.stream("sprints"):
        begun, closed = started_at(payload), payload.get("completeDate")
        if begun is not None and closed and micros(closed) <= world.as_of:
            board = str(payload.get("originBoardId") or "")
            found[connection, key] = Sprint(f"{connection}:{key}", key, board, begun, micros(closed))
    for item in world.items:
        every = {sprint for held in item.history.sprints.values for sprint in held}
        for key in every:
            sprint = found.get((item.history.connection, key))
            if sprint is not None:
                _judge(item, sprint)
    return found.values()


def _judge(item: Item, sprint: Sprint) -> None:
    start, close = sprint.started_at, sprint.closed_at
    if item.done_at is not None and item.done_at <= start:
        return

    def is_in(moment: int) -> bool:
        return sprint.sprint_id in (item.history.sprints.at(moment) or ())

    within = [s for s in item.history.sprints.edges() if start < s <= close] + [max(item.created_at, start)]
    joined = start if item.created_at <= start and is_in(start) else min(filter(is_in, sorted(within)), default=None)
    if joined is None or joined > close or item.identity_at(joined).level != "flow_item":
        return
    interval = item.interval_at(joined)
    if interval is None or interval.state == "cancelled":
        return
    is_completed = item.done_at is not None and item.done_at <= close and is_in(item.done_at)
    (sprint.committed if joined == start else sprint.added).append(item)
    if is_completed:
        sprint.completed.append(item)
        if joined == start:
            sprint.kept.append(item)
    else:
        (sprint.carried if is_in(close) else sprint.removed).append(item)
