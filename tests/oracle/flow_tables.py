"""Tables of the flow family by item and by day, as rows: key -> column -> value.

Moments are naive UTC datetimes and durations days, as published.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from typing import Any

from tests.oracle.attribution import Identity
from tests.oracle.flow_days import FlowDays, Place
from tests.oracle.flow_items import IN_PROGRESS, Item
from tests.oracle.flow_links import Dependencies, Unplanned
from tests.oracle.flow_sprints import Sprint, closed_sprints
from tests.oracle.flow_world import LEVELS, FlowWorld
from tests.oracle.organization import SMALL_TEAMS
from tests.oracle.timeline import DAY, as_datetime

Table = dict[tuple[Any, ...], dict[str, Any]]


def _naive(moment: int | None) -> datetime | None:
    return None if moment is None else as_datetime(moment).replace(tzinfo=None)


def _days(duration: int | None) -> float | None:
    return None if duration is None else duration / DAY


def moment_of(item: Item) -> int:
    """When an item was what the tables say it is: at first Done, else when cancelled, else at the run."""
    if item.done_at is not None:
        return item.done_at
    return item.as_of if item.cancelled_at is None else item.cancelled_at


def _is_shown(identity: Identity) -> bool:
    return identity.level in LEVELS and identity.flow_item_type is not None


def _home(world: FlowWorld, identity: Identity, moment: int) -> dict[str, Any]:
    """The team and value stream with the largest weight; nothing that leads to a team that is too small to be shown."""
    team = world.team_of_day(identity.main("team"), world.local.day(moment))
    return {
        "team_id": team,
        "value_stream_id": identity.main("value_stream"),
        "is_shared": len(identity.names("team")) > 1,
        "item_level": identity.level,
        "flow_item_type": identity.flow_item_type,
        "project_key": None if team in (None, SMALL_TEAMS) else identity.profile.project,
        "issue_type": identity.profile.issue_type.name,
        "connection": identity.profile.connection,
    }


def flow_items(world: FlowWorld) -> Table:
    """fct_flow_items: key (item_key,)."""
    unplanned = Unplanned(world)
    found: Table = {}
    for item in world.items:
        moment = moment_of(item)
        identity = item.identity_at(moment)
        if not _is_shown(identity):
            continue
        active, waiting = item.time_in("active"), item.time_in("waiting")
        working = world.working_time.days
        done, started = item.done_at, item.started_at
        is_flow_time_known = done is not None and started is not None
        found[(item.key,)] = _home(world, identity, moment) | {
            "flow_state": item.intervals[-1].state,
            "is_reopened": item.reopened_count > 0,
            "reopened_count": item.reopened_count,
            "is_cancelled": item.cancelled_at is not None,
            "is_deleted": item.history.gone is not None and item.history.gone[1] == "deleted",
            "is_skipped": item.is_skipped,
            "has_backflow": item.has_backflow(),
            "is_unplanned": unplanned.is_unplanned(item) if started is not None else None,
            "created_at": _naive(item.created_at),
            "started_at": _naive(started),
            "done_at": _naive(done),
            "cancelled_at": _naive(item.cancelled_at),
            "flow_time_days": _days(item.flow_time),
            "flow_time_final_days": _days(item.flow_time_final),
            "lead_time_days": _days(item.lead_time),
            "active_days": _days(active),
            "waiting_days": _days(waiting),
            "flow_efficiency": active / (active + waiting) if active + waiting else None,
            "blocked_days": _days(item.blocked_time()) if is_flow_time_known else None,
            "flow_time_working_days": working(started or 0, done or 0) if is_flow_time_known else None,
            "lead_time_working_days": working(item.created_at, done) if done is not None else None,
        }
    return found


def flow_item_states(world: FlowWorld) -> Table:
    """fct_flow_item_states: key (item_key, flow_state, stage, status_id)."""
    found: Table = {}
    for item in world.items:
        if _is_shown(item.identity_at(moment_of(item))):
            for place, (spent, entries) in item.time_by_status().items():
                found[(item.key, *place)] = {"days": spent / DAY, "entries": entries}
    return found


def work_item_age(world: FlowWorld) -> Table:
    """fct_work_item_age: key (item_key,); items in progress as of the run."""
    found: Table = {}
    for item in world.items:
        interval, episode = item.interval_at(world.as_of), item.episode_at(world.as_of)
        identity = item.identity_at(world.as_of)
        if interval is None or interval.state not in IN_PROGRESS or episode is None or not _is_shown(identity):
            continue
        found[(item.key,)] = _home(world, identity, world.as_of) | {
            "age_days": (world.as_of - episode.start) / DAY,
            "flow_state": interval.state,
            "stage": interval.stage,
            "episode_started_at": _naive(episode.start),
            "days_in_status": (world.as_of - interval.start) / DAY,
            "is_blocked": any(start <= world.as_of < end for start, end in item.blocked),
            "is_reopened": item.reopened_count > 0,
        }
    return found


def sprints(world: FlowWorld) -> Table:
    """fct_sprints: key (sprint_key,); those that had been closed by the run."""
    return {(sprint.key,): _sprint(sprint) for sprint in closed_sprints(world)}


def _sprint(sprint: Sprint) -> dict[str, Any]:
    every = {item.key: item for item in (*sprint.committed, *sprint.added)}.values()
    at_start = [(i, sprint.started_at) for i in sprint.committed] + [(i, sprint.closed_at) for i in sprint.added]
    at_end = [(item, min(item.done_at or sprint.closed_at, sprint.closed_at)) for item in every]
    return {
        "started_at": _naive(sprint.started_at),
        "closed_at": _naive(sprint.closed_at),
        "board_id": sprint.board_id,
        "committed_items": len(sprint.committed),
        "completed_items": len(sprint.completed),
        "completed_committed_items": len(sprint.kept),
        "added_items": len(sprint.added),
        "removed_items": len(sprint.removed),
        "carried_items": len(sprint.carried),
        "committed_points": _points(at_start, sprint.committed),
        "completed_points": _points(at_end, sprint.completed),
        "completed_committed_points": _points(at_end, sprint.kept),
        "say_do_rate": len(sprint.kept) / len(sprint.committed) if sprint.committed else None,
    }


def _points(items: Iterable[tuple[Item, int]], chosen: Iterable[Item]) -> float | None:
    """Story points of the chosen items at their moments; None where none of the items has any, chosen or not."""
    keys = {item.key for item in chosen}
    found = {item.key: p for item, moment in items if (p := item.history.points.at(moment)) is not None}
    return sum(points for key, points in found.items() if key in keys) if found else None


def _is_over(item: Item) -> bool:
    return item.done_at is not None or item.cancelled_at is not None


def dependencies(world: FlowWorld) -> Table:
    """fct_dependencies: key (item_key, blocking_item_key, linked_at); links that began before first Done."""
    found: Table = {}
    every = Dependencies(world)
    for key, links in every.links.items():
        item = world.by_key[key]
        for link in links:
            if item.done_at is None or link.start < item.done_at:
                found[key, link.blocker.key, _naive(link.start)] = {
                    "wait_days": every.waited_for(item, link) / DAY,
                    "is_open": link.end > world.as_of and not any(map(_is_over, (item, link.blocker))),
                }
    return found


def cost_of_delay(world: FlowWorld) -> Table:
    """fct_cost_of_delay: key (item_key,); of items that state it, the cost of their waiting weeks so far."""
    found: Table = {}
    for item in world.items:
        moment = moment_of(item)
        cost = item.history.cost_of_delay.at(moment)
        if cost is not None and _is_shown(item.identity_at(moment)):
            weeks = item.time_in("waiting") / (7 * DAY)
            found[(item.key,)] = _home(world, item.identity_at(moment), moment) | {
                "cost_of_delay_per_week": cost,
                "waiting_weeks": weeks,
                "cost_of_delay": cost * weeks,
                "done_at": _naive(item.done_at),
            }
    return found


def _by_day(
    days: FlowDays, series: dict[Place, list[float]], key: Callable[[Place], tuple[str, ...]]
) -> Iterator[tuple[tuple[Any, ...], float]]:
    together: dict[tuple[date, tuple[str, ...]], float] = defaultdict(float)
    for day, place, items in days.by_day(series):
        together[day, key(place)] += items
    for (day, (scope_type, scope_id, *rest)), items in together.items():
        yield (scope_type, scope_id, day, *rest), items


def work_in_progress(days: FlowDays) -> Table:
    """fct_work_in_progress: key (scope_type, scope_id, date_day, item_level, flow_state, flow_item_type)."""
    stocks = {place: totals for place, totals in days.stocks.items() if place.state in IN_PROGRESS}
    return {
        key: {"items": items}
        for key, items in _by_day(
            days, stocks, lambda p: (p.scope_type, p.scope_id, p.level, p.state, p.flow_item_type)
        )
    }


def cumulative_flow(days: FlowDays) -> Table:
    """fct_cumulative_flow: key (scope_type, scope_id, date_day, item_level, flow_state)."""

    def key(place: Place) -> tuple[str, ...]:
        return place.scope_type, place.scope_id, place.level, place.state

    found: Table = defaultdict(lambda: {"items": 0.0, "entered_items": 0.0})
    for place, items in _by_day(days, days.stocks, key):
        found[place]["items"] = items
    for place, items in _by_day(days, days.entered, key):
        found[place]["entered_items"] = items
    return dict(found)
