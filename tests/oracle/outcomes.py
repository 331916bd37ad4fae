"""Outcome metrics (METRICS.md sections 0 and 4) from what every initiative really promised."""

from collections import defaultdict
from datetime import datetime, timedelta

from sandbox.truth import Initiative, Truth, WorkItem
from tests.oracle.flow import life
from tests.oracle.organization import Organization, scope_shares
from tests.oracle.periods import Calendar, Key, Period, Row, Rows, ratio_row

Scope = tuple[str, str]


def _is_alive(item: WorkItem, period: Period) -> bool:
    """Whether an item was open at some time of a period, or finished in it."""
    return any(
        episode.state not in ("done", "cancelled")
        and episode.from_at < period.until
        and (episode.to_at is None or episode.to_at >= period.start_at)
        for episode in item.episodes
    )


def _is_cancelled(item: WorkItem, period: Period) -> bool:
    """Whether an item stood cancelled at the end of a period, or at the clock while it runs."""
    if item.deleted_at and item.deleted_at < period.until and item.state != "done":
        return True
    return [e.state for e in item.episodes if e.from_at < period.until][-1:] == ["cancelled"]


def rows(truth: Truth, organization: Organization, calendar: Calendar, first_night: datetime) -> Rows:
    """Both feature factory ratios of every scope and period; what was deleted before the first night was never seen."""
    initiatives: list[tuple[WorkItem, Initiative]] = []
    for key, initiative in truth.initiatives.items():
        item = truth.work_items[key]
        if item.level == "initiative" and (item.deleted_at is None or item.deleted_at > first_night):
            initiatives.append((item, initiative))
    found: Rows = {}
    for period in calendar.periods:
        counted: dict[tuple[str, Scope], list[bool]] = defaultdict(list)
        for item, initiative in initiatives:
            fate = life(item)
            if _is_cancelled(item, period) or not _is_alive(item, period):
                continue
            last_moment = period.end_at - timedelta(microseconds=1)
            moment = min(t for t in (last_moment, fate.done_at, calendar.clock) if t is not None)
            lacks_outcome = initiative.outcome_at(moment).rule is not None
            identity = item.identity_at(moment)
            for scope in scope_shares(organization, period, identity.teams, identity.value_streams):
                counted["feature_factory_ratio", scope].append(lacks_outcome)
                if fate.started_at and fate.started_at < period.until:
                    counted["feature_factory_ratio_started", scope].append(lacks_outcome)
        for scope in organization.scopes(period):
            for metric in ("feature_factory_ratio", "feature_factory_ratio_started"):
                answers = counted[metric, scope]
                row = ratio_row(sum(answers), len(answers), len(answers), 100.0)
                if organization.is_suppressed(*scope, period):
                    row = Row(None, None, None, 0, "suppressed")
                found[Key(metric, *scope, period.grain, period.start, "all")] = row
    return found
