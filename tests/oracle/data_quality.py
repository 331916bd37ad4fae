"""What the run could not map or attribute of the items, or had to settle: rows by check, subject and scope."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from tests.oracle.flow_items import Item
from tests.oracle.flow_tables import Table, moment_of
from tests.oracle.flow_world import LEVELS, FlowWorld, Scope
from tests.oracle.organization import ORGANIZATION, UNASSIGNED
from tests.oracle.timeline import FOREVER

ITEM_CHECKS = (
    "unmapped_status", "unmapped_issue_type", "broken_status_chain", "history_before_created", "equal_timestamps",
    "clock_backwards", "unassigned_item", "no_waiting_state",
)  # fmt: skip
EXAMPLES = 3
Place = tuple[str, str | None]


class Finding(NamedTuple):
    """Something of one item: when it was (from, to), and what it is about."""

    check: str
    subject: str
    first: int
    last: int


def data_quality(world: FlowWorld, waiting_since: Mapping[Place, int]) -> Table:
    """fct_data_quality: key (check_name, connection, subject, scope_type, scope_id); checks of items only.

    waiting_since: (connection, project) -> when an item of it first waited.
    """
    totals: dict[tuple[str, Scope], int] = Counter()
    found: dict[tuple[str, str, str, Scope], list[tuple[Finding, str]]] = defaultdict(list)
    hidden = set()
    for item in world.items:
        connection, scopes = item.history.connection, [(ORGANIZATION, ORGANIZATION)]
        moment = moment_of(item)
        team = item.identity_at(moment).main("team")
        shown = world.team_of_day(team, world.local.day(moment))
        if shown is not None:
            scopes.append(("team", shown))
        if shown != team:
            hidden.add(item.key)
        for scope in scopes:
            totals[connection, scope] += 1
        for finding in _findings(world, item, waiting_since):
            for scope in scopes:
                found[finding.check, connection, finding.subject, scope].append((finding, item.key))
    rows: Table = {}
    for (check, connection, subject, scope), findings in found.items():
        keys = {key for _, key in findings}
        last = min(max(finding.last for finding, _ in findings), world.as_of)
        rows[check, connection, subject, *scope] = {
            "first_date": world.local.day(min(finding.first for finding, _ in findings)),
            "last_date": world.local.day(last),
            "records_count": len(keys),
            "records_share": len(keys) / totals[connection, scope],
            "examples": sorted(keys - hidden)[:EXAMPLES] or None,
        }
    return rows


def _findings(world: FlowWorld, item: Item, waiting_since: Mapping[Place, int]) -> Iterator[Finding]:
    yield from _odd_moves(item)
    history, moment = item.history, moment_of(item)
    for interval in item.intervals:
        if interval.state is None and interval.start <= world.as_of:
            name = world.statuses.names.get((history.connection, str(interval.status_id)))
            project = history.project.at(interval.start)
            subject = f"{project or ''} / {name or interval.status_id or 'unknown status'}"
            yield Finding("unmapped_status", subject, interval.start, interval.end)
    identity = item.identity_at(world.as_of)
    if identity.level is None or (identity.level in LEVELS and identity.flow_item_type is None):
        issue_type = identity.profile.issue_type
        subject = f"{identity.profile.project or ''} / {issue_type.name or issue_type.id or 'unknown type'}"
        yield Finding("unmapped_issue_type", subject, item.created_at, moment)
    home = item.identity_at(moment)
    is_cancelled = item.done_at is None and item.cancelled_at is not None
    if home.main("team") == UNASSIGNED and home.level in LEVELS and not is_cancelled:
        yield Finding("unassigned_item", "items that no rule gives to a team", moment, moment)
    if item.done_at is not None and home.level in LEVELS and item.time_in("active"):
        place = (home.profile.connection, home.profile.project)
        if waiting_since.get(place, FOREVER) > item.done_at:
            yield Finding("no_waiting_state", home.profile.project or "", item.done_at, item.done_at)


def _odd_moves(item: Item) -> Iterator[Finding]:
    for move in item.history.moves:
        if move.at < item.created_at:
            yield Finding("history_before_created", "status changes before the item was created", move.at, move.at)
    for before, after in pairwise(item.history.moves):
        if before.new is None or before.new != after.old:
            subject = "changelogs whose statuses do not follow on each other"
            yield Finding("broken_status_chain", subject, after.at, after.at)
        if before.at == after.at:
            yield Finding("equal_timestamps", "status changes of one item at the same time", after.at, after.at)
        if before.number is not None and after.number is not None and before.number > after.number:
            subject = "status changes whose times contradict the order of their history ids"
            yield Finding("clock_backwards", subject, before.at, before.at)
