"""The life of every work item: states, start, Done, cancellation, episodes, and how long it was where."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.oracle.attribution import Identity
from tests.oracle.jira_history import History, Named
from tests.oracle.mappings import Meaning, StatusMappings
from tests.oracle.timeline import FOREVER, MINUTE, Timeline, overlap, spans_where, union

IN_PROGRESS = ("active", "waiting")
OPEN = ("new", *IN_PROGRESS)
Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stay in one status with one meaning.

    state None: not mapped. stage, order: of an ignored status those before it. is_entry: the status changed at `start`
    (or the item was created or deleted). is_blocked: the status itself means so.
    """

    start: int
    end: int
    status_id: str | None
    state: str | None
    stage: str | None
    order: int | None
    is_blocked: bool
    is_entry: bool

    @property
    def stage_in_progress(self) -> str | None:
        """Its stage, if work is in progress there."""
        return self.stage if self.state in IN_PROGRESS else None


@dataclass(frozen=True, slots=True)
class Episode:
    """From a start to the next Done or cancellation; end FOREVER while it lasts."""

    start: int
    end: int


@dataclass(slots=True)
class Item:
    """What one item's life comes to as of the run; moments in microseconds, durations too.

    measured_until: up to when active and waiting are summed (first Done, else cancellation, else the run).
    """

    history: History
    identities: Timeline[Identity]
    intervals: list[Interval]
    as_of: int
    created_at: int
    started_at: int | None = None
    done_at: int | None = None
    last_done_at: int | None = None
    left_done_at: int | None = None
    reopened_count: int = 0
    cancelled_at: int | None = None
    first_unmapped_at: int | None = None
    measured_until: int = 0
    episodes: list[Episode] = field(default_factory=list)
    blocked: Spans = field(default_factory=list)
    waiting_or_blocked: Spans = field(default_factory=list)

    @property
    def key(self) -> str:
        """Connection and permanent id."""
        return self.history.item_key

    @property
    def flow_time(self) -> int | None:
        """First start to first Done."""
        return None if self.done_at is None or self.started_at is None else self.done_at - self.started_at

    @property
    def lead_time(self) -> int | None:
        """Creation to first Done."""
        return None if self.done_at is None else self.done_at - self.created_at

    @property
    def flow_time_final(self) -> int | None:
        """First start to last Done."""
        known = self.last_done_at is not None and self.started_at is not None
        return (self.last_done_at or 0) - (self.started_at or 0) if known else None

    @property
    def is_skipped(self) -> bool:
        """Done without having been started."""
        return self.done_at is not None and self.started_at is None

    def identity_at(self, moment: int) -> Identity:
        """What it was and whose."""
        found = self.identities.at(moment)
        assert found is not None
        return found

    def interval_at(self, moment: int) -> Interval | None:
        """Where it was at a moment; None before its creation and when it is out of sight."""
        return next((i for i in self.intervals if i.start <= moment < i.end), None)

    def time_in(self, state: str) -> int:
        """Time in a state up to measured_until."""
        limit = self.measured_until
        return sum(min(i.end, limit) - i.start for i in self.intervals if i.state == state and i.start < limit)

    def blocked_time(self) -> int:
        """Time blocked between start and first Done, by flag or status, once."""
        if self.flow_time is None:
            return 0
        assert self.started_at is not None and self.done_at is not None
        return overlap(self.blocked, [(self.started_at, self.done_at)])

    def has_backflow(self) -> bool:
        """Whether it moved to an earlier stage between start and first Done."""
        if self.started_at is None or self.done_at is None:
            return False
        return any(
            after.is_entry
            and self.started_at < after.start < self.done_at
            and before.order is not None
            and after.order is not None
            and after.order < before.order
            for before, after in zip(self.intervals, self.intervals[1:], strict=False)
        )

    def episode_at(self, moment: int) -> Episode | None:
        """The episode that runs at a moment."""
        return next((e for e in self.episodes if e.start <= moment < e.end), None)

    def time_by_status(self) -> dict[tuple[str | None, str | None, str | None], tuple[int, int]]:
        """(state, stage, status) -> time there until first Done, or the run, and entries; none of being cancelled."""
        found: dict[tuple[str | None, str | None, str | None], tuple[int, int]] = defaultdict(lambda: (0, 0))
        limit = self.as_of if self.done_at is None else self.done_at
        for interval in self.intervals:
            if interval.start < limit and interval.state != "cancelled":
                key = (interval.state, interval.stage, interval.status_id)
                spent, entries = found[key]
                found[key] = (spent + min(interval.end, limit) - interval.start, entries + interval.is_entry)
        return dict(found)


def live(
    history: History, identities: Timeline[Identity], mappings: StatusMappings, as_of: int, grace_minutes: int
) -> Item:
    """The life of an item up to the run's clock."""
    intervals = _intervals(history, mappings, grace_minutes)
    return settle(Item(history, identities, intervals, as_of, history.created_at))


def settle(item: Item) -> Item:
    """The item with everything told that follows from its intervals and its flags."""
    _tell_milestones(item)
    item.episodes = list(_episodes(item.intervals))
    in_blocked_status = [(i.start, i.end) for i in item.intervals if i.is_blocked]
    item.blocked = union([*spans_where(item.history.flagged), *in_blocked_status])
    waiting = [(i.start, i.end) for i in item.intervals if i.state == "waiting"]
    item.waiting_or_blocked = union([*item.blocked, *waiting])
    return item


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stay before `ignore`, misclicks and deletion are resolved; state `deleted` after a deletion."""

    start: int
    end: int
    entered_at: int
    status_id: str | None
    state: str | None
    meaning: Meaning


def _pieces(history: History, mappings: StatusMappings) -> Iterable[_Piece]:
    gone_at, how = history.gone or (FOREVER, "")
    workflow = Timeline(
        (edge, (history.project.at(edge), history.issue_type.at(edge) or Named(None, None)))
        for edge in sorted({*history.project.edges(), *history.issue_type.edges()})
    )
    for entered, until, status in Timeline(history.statuses).pieces(history.created_at, gone_at):
        for begin, end, (project, issue_type) in workflow.pieces(entered, until):
            meanings = mappings.meanings(history.connection, project, issue_type, status)
            for start, stop, meaning in meanings.pieces(begin, end):
                yield _Piece(start, stop, entered, status.id, meaning.state, meaning)
    if how == "deleted":
        yield _Piece(gone_at, FOREVER, gone_at, None, "deleted", Meaning(None, None, None, False))


def _forgive(pieces: list[_Piece], grace: int) -> list[_Piece]:
    """Stays in done that were left again within the grace belong to what was before them."""
    found: list[_Piece] = []
    place = 0
    while place < len(pieces):
        end = place
        while end < len(pieces) and pieces[end].state == pieces[place].state:
            end += 1
        run = pieces[place:end]
        is_left = end < len(pieces) and pieces[end].state not in ("ignore", "deleted")
        if run[0].state == "done" and is_left and run[-1].end - run[0].start < grace:
            run = [replace(piece, state="ignore") for piece in run]
        found += run
        place = end
    return found


def _intervals(history: History, mappings: StatusMappings, grace_minutes: int) -> list[Interval]:
    found: list[Interval] = []
    state: str | None = "new"
    stage: str | None = None
    order: int | None = None
    for piece in _forgive(list(_pieces(history, mappings)), grace_minutes * MINUTE):
        if piece.state not in ("ignore", "deleted"):
            state, stage, order = piece.state, piece.meaning.stage, piece.meaning.order
        is_lost = piece.state == "deleted" and state not in ("done", "cancelled")
        shown = "cancelled" if is_lost else state
        is_entry = piece.start == piece.entered_at
        blocked = piece.meaning.is_blocked
        found.append(Interval(piece.start, piece.end, piece.status_id, shown, stage, order, blocked, is_entry))
    return found


def _tell_milestones(item: Item) -> None:
    previous: str | None = None
    cancelled_at = None
    for place, interval in enumerate(item.intervals):
        start, state = interval.start, interval.state
        if state is None and item.first_unmapped_at is None:
            item.first_unmapped_at = start
        if interval.is_entry:
            if state in IN_PROGRESS and item.started_at is None:
                item.started_at = start
            if state == "done":
                item.done_at = start if item.done_at is None else item.done_at
                if previous != "done":
                    item.last_done_at = start
            if place and previous == "done" and state in OPEN:
                item.reopened_count += 1
                item.left_done_at = start if item.left_done_at is None else item.left_done_at
            if state == "cancelled" and previous != "cancelled":
                cancelled_at = start
        previous = state
    if item.done_at is not None and item.started_at is not None and item.started_at >= item.done_at:
        item.started_at = None
    last = item.intervals[-1]
    item.cancelled_at = cancelled_at if last.state == "cancelled" else None
    ended = item.done_at if item.done_at is not None else item.cancelled_at
    item.measured_until = min(last.end, item.as_of, FOREVER if ended is None else ended)


def _episodes(intervals: list[Interval]) -> Iterable[Episode]:
    start: int | None = None
    for interval in intervals:
        if not interval.is_entry:
            continue
        if start is None and interval.state in IN_PROGRESS:
            start = interval.start
        elif start is not None and interval.state in ("done", "cancelled"):
            yield Episode(start, interval.start)
            start = None
    if start is not None:
        yield Episode(start, FOREVER)
