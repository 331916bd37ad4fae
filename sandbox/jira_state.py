"""A Jira site as its API user sees it at a clock."""

import bisect
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from sandbox.jql import JqlContext
from sandbox.world import History, Issue, JiraWorld


@dataclass(slots=True)
class IssueState:
    """An issue with the patches applied that lie at or before the clock. Times in epoch milliseconds."""

    issue: Issue
    id: str
    number: int
    key: str
    old_keys: tuple[str, ...]
    fields: dict[str, Any]
    created_ms: int
    updated_ms: int
    histories: list[History]  # visible ones, oldest first
    project_key: str
    key_order: tuple[str, int]
    category: str
    status: str
    issue_type: str
    bodies: dict[Any, bytes] = field(default_factory=dict)  # serialised replies by selected fields


class SiteState:
    """Every issue that the API user can see at `clock`, by id and by key (former keys included)."""

    def __init__(
        self, world: JiraWorld, clock: datetime, touched: dict[str, datetime], previous: "SiteState | None" = None
    ) -> None:
        self.world = world
        self.clock = clock
        self.zone = ZoneInfo(world.time_zone)
        self.hidden = {
            key
            for key, spans in world.hidden_projects.items()
            if any(start <= clock < (end or datetime.max.replace(tzinfo=clock.tzinfo)) for start, end in spans)
        }
        self.projects = [project for project in world.projects if project["key"] not in self.hidden]
        known = previous.states if previous else {}
        self.states: dict[str, IssueState] = {}
        self.issues: list[IssueState] = []
        for issue in world.issues:
            if issue.created > clock or (issue.deleted_at is not None and issue.deleted_at <= clock):
                continue
            visible = bisect.bisect_right(issue.histories, clock, key=lambda history: history.created)
            state = known.get(issue.id)
            forced = touched.get(issue.id)
            if state is None or len(state.histories) != visible or forced is not None:
                state = _issue_state(issue, visible, forced, self.zone)
            self.states[issue.id] = state
            if state.project_key not in self.hidden:
                self.issues.append(state)
        self.issues.sort(key=lambda state: state.number)
        self.by_reference: dict[str, IssueState] = {}
        for state in self.issues:
            for reference in (*state.old_keys, state.key, state.id):
                self.by_reference[reference.lower()] = state
        self.context = self._context()

    def find(self, reference: str) -> IssueState | None:
        """An issue by its id, key or a former key; None when it is absent, deleted or hidden."""
        return self.by_reference.get(str(reference).lower())

    def project(self, reference: str) -> dict[str, Any] | None:
        """A visible project by key or id."""
        wanted = str(reference).lower()
        return next((p for p in self.projects if wanted in (str(p["key"]).lower(), str(p["id"]))), None)

    def local_time(self, milliseconds: int) -> str:
        """Jira's form of a time in the API user's zone: `2026-07-01T04:00:00.000+0200`."""
        return local_time(milliseconds, self.zone)

    def _context(self) -> JqlContext:
        projects = {
            str(project[part]).lower(): project["key"]
            for project in self.projects
            for part in ("name", "id", "key")
            if project.get(part)
        }
        statuses = {str(s[part]).lower(): s["name"].lower() for s in self.world.statuses for part in ("id", "name")}
        types = {str(t[part]).lower(): t["name"].lower() for t in self.world.issue_types for part in ("id", "name")}
        return JqlContext(self.clock, self.zone, projects, statuses, types)


def milliseconds(at: datetime) -> int:
    """Epoch milliseconds, rounded down."""
    return round(at.timestamp() * 1_000_000) // 1000


def local_time(epoch_ms: int, zone: ZoneInfo) -> str:
    """Jira's form of a time in a zone."""
    at = datetime.fromtimestamp(epoch_ms // 1000, zone)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{epoch_ms % 1000:03d}{at:%z}"


def _issue_state(issue: Issue, visible: int, forced: datetime | None, zone: ZoneInfo) -> IssueState:
    histories = issue.histories[:visible]
    fields = dict(issue.fields)
    key = issue.key
    old_keys: list[str] = []
    for history in histories:
        if "key" in history.patch and history.patch["key"] != key:
            old_keys.append(key)
            key = history.patch["key"]
        fields.update(history.patch)
    fields.pop("key", None)
    created_ms = milliseconds(issue.created)
    updated_ms = max([created_ms, *(milliseconds(history.created) for history in histories[-1:])])
    recorded = issue.fields.get("updated")
    if isinstance(recorded, str):
        updated_ms = max(updated_ms, milliseconds(datetime.fromisoformat(recorded)))
    if forced is not None:
        updated_ms = max(updated_ms, milliseconds(forced))
    fields["created"] = local_time(created_ms, zone)
    fields["updated"] = local_time(updated_ms, zone)
    project_key, _, number = key.rpartition("-")
    status = fields.get("status") or {}
    return IssueState(
        issue=issue, id=issue.id, number=int(issue.id), key=key, old_keys=tuple(old_keys), fields=fields,
        created_ms=created_ms, updated_ms=updated_ms, histories=histories,
        project_key=(fields.get("project") or {}).get("key") or project_key,
        key_order=(project_key, int(number)),
        category=(status.get("statusCategory") or {}).get("key", ""),
        status=str(status.get("name", "")).lower(),
        issue_type=str((fields.get("issuetype") or {}).get("name", "")).lower(),
    )  # fmt: skip


def history_bytes(world: JiraWorld, history: History, created: int | str, base_url: str) -> bytes:
    """One changelog entry in Jira's shape, serialised; `created` as the endpoint writes it."""
    author = {
        "self": f"{base_url}/rest/api/3/user?accountId={history.author}",
        "accountId": history.author,
        "displayName": world.users.get(history.author, history.author),
        "emailAddress": f"{history.author}@example.com",
        "active": True,
        "timeZone": world.time_zone,
        "accountType": "atlassian",
    }
    return orjson.dumps({"id": history.id, "author": author, "created": created, "items": history.items})
