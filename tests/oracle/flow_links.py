"""What holds items up or comes unasked: links to other teams' items, and work that nobody had planned."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from tests.oracle.attribution import Identity
from tests.oracle.flow_items import Item
from tests.oracle.flow_sprints import started_at
from tests.oracle.flow_world import FlowWorld
from tests.oracle.mappings import dated, fits, is_same
from tests.oracle.timeline import BEGINNING, FOREVER, Timeline, micros, overlap


class CrossLink(NamedTuple):
    """A stretch in which an item was blocked by an item of another team or value stream."""

    blocker: Item
    start: int
    end: int


class Dependencies:
    """Links across teams and value streams, by item."""

    def __init__(self, world: FlowWorld) -> None:
        by_key: dict[tuple[str, str], Item] = {}
        for item in world.items:
            for key in item.history.keys:
                by_key[item.history.connection, key] = item
        self.links: dict[str, list[CrossLink]] = defaultdict(list)
        for item in world.items:
            for blocker, timeline in _blockers(item, by_key):
                for begin, end, is_linked in timeline.pieces():
                    start = max(begin, item.created_at, blocker.created_at)
                    is_real = is_linked and start < min(end, world.as_of + 1)
                    if is_real and _crosses(item.identity_at(start), blocker.identity_at(start)):
                        self.links[item.key].append(CrossLink(blocker, start, end))

    def waited(self, item: Item) -> int:
        """Time an item that is done waited or was blocked until then, while linked and the other item was open."""
        return sum(self.waited_for(item, link) for link in self.links.get(item.key, ())) if item.done_at else 0

    @staticmethod
    def waited_for(item: Item, link: CrossLink) -> int:
        """The same for one link, also of an item that is not done yet."""
        end = min(link.end, item.as_of if item.done_at is None else item.done_at)
        is_open = [
            (max(i.start, link.start), min(i.end, end))
            for i in link.blocker.intervals
            if i.state not in ("done", "cancelled") and i.start < end and i.end > link.start
        ]
        return overlap(item.waiting_or_blocked, is_open)

    def is_linked_at_work(self, item: Item) -> bool:
        """Whether such a link was in force between start and first Done, or the run."""
        assert item.started_at is not None
        until = item.as_of if item.done_at is None else item.done_at
        return any(link.start < until and link.end > item.started_at for link in self.links.get(item.key, ()))


def _blockers(item: Item, by_key: Mapping[tuple[str, str], Item]) -> Iterator[tuple[Item, Timeline[bool]]]:
    """Items that ever blocked an item, with when; a link that was never changed has always been there."""
    history = item.history
    told: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    others: dict[str, Item] = {}
    for key, at, is_added in [
        *((change.other_key, change.at, change.is_added) for change in history.link_changes),
        *((key, None, True) for key in sorted(history.blocked_by)),
    ]:
        other = by_key.get((history.connection, key))
        if other is None or other is item:
            continue
        others[other.key] = other
        if at is not None:
            told[other.key].append((at, is_added))
        elif other.key not in told:
            told[other.key] = []
    for key, changes in told.items():
        first = not changes[0][1] if changes else True
        yield others[key], Timeline([(BEGINNING, first), *(c for c in changes if c[0] <= item.as_of)])


def _crosses(one: Identity, other: Identity) -> bool:
    return any(one.names(kind) != other.names(kind) for kind in ("team", "value_stream"))


class Unplanned:
    """Judges items that were started."""

    def __init__(self, world: FlowWorld) -> None:
        self.world = world
        self.rules = dated(world.raw.tables.get("unplanned_rules", []), world.local)
        self.times: dict[tuple[str, str], tuple[int, int]] = {}
        for connection, key, sprint in world.raw.stream("sprints"):
            begun = started_at(sprint)
            if begun is not None and begun <= world.as_of:
                closed = sprint.get("completeDate")
                self.times[connection, key] = (begun, micros(closed) if closed else FOREVER)

    def is_unplanned(self, item: Item) -> bool:
        """Whether it matched a rule when it started, or was added to a sprint that had started already."""
        return self._matches(item) or self._was_added_late(item)

    def _matches(self, item: Item) -> bool:
        assert item.started_at is not None
        at, history = item.started_at, item.history
        midnight = self.world.local.midnight(self.world.local.day(at))
        conditions = self.world.attribution.conditions(history, at)
        issue_type, priority = history.issue_type.at(at) or (), history.priority.at(at) or ()
        for rule in self.rules:
            row = {**rule.row, "issue_type": None}
            if not rule.is_in_force(midnight) or not fits(row, history.connection, history.project.at(at), issue_type):
                continue
            field, value = rule.row["field"], rule.row["value"]
            if field == "issue_type" and is_same(value, *issue_type):
                return True
            if field == "priority" and is_same(value, *priority):
                return True
            if (field, str(value).lower()) in conditions:
                return True
        return False

    def _was_added_late(self, item: Item) -> bool:
        assert item.started_at is not None
        day: date = self.world.local.day(item.started_at)
        evening = min(self.world.local.midnight(day + timedelta(days=1)) - 1, self.world.as_of)
        history = item.history
        for sprint in history.sprints.at(evening) or ():
            added = item.created_at
            for start, _, held in history.sprints.pieces(end=evening + 1):
                if sprint not in held:
                    added = evening + 1
                elif added > evening:
                    added = start
            begun, closed = self.times.get((history.connection, sprint), (FOREVER, FOREVER))
            if begun < added and item.started_at < closed:
                return True
        return False
