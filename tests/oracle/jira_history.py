"""What a Jira issue was at any time, from its payload and its changelog.

The first change of a field tells what it held before; a field that never changed has always held what it holds now.
Changes after the run's clock count for that, and for nothing else.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from tests.oracle.raw_data import Payload, RawData
from tests.oracle.timeline import BEGINNING, SECOND, Timeline, micros

T = TypeVar("T")
Text = str | None
EPIC_FIELDS = ("parent", "issueparentassociation", "epic link")
SERVER_SPRINT = re.compile(r"\bid=(\d+)")
BLOCKED_BY = "is blocked by"
GOAL_FIELDS = ("baseline", "target", "value", "confidence", "start", "end")
LINK_TEXT = re.compile(r"^This issue (.+) (\S+)$")


class Change(NamedTuple):
    """One changed field: ids and texts before and after; number: the id of its history, if that is one."""

    at: int
    old: Text
    old_text: Text
    new: Text
    new_text: Text
    number: int | None


class Named(NamedTuple):
    """An id with its name."""

    id: Text
    name: Text


class LinkChange(NamedTuple):
    """An issue became, or was no longer, blocked by another one (its key at that time)."""

    at: int
    other_key: str
    is_added: bool


@dataclass(slots=True)
class History:
    """An issue through time.

    gone: (when, `deleted` or `moved_out`) or None; statuses: the status from when on; moves: the changes of the status
    up to the clock, in order; blocked_by: keys of the issues that block it as last read.
    """

    item_key: str
    connection: str
    issue_id: str
    keys: set[str]
    created_at: int
    gone: tuple[int, str] | None
    statuses: list[tuple[int, Named]]
    project: Timeline[Text]
    issue_type: Timeline[Named]
    epic: Timeline[Named]
    team: Timeline[Named]
    labels: Timeline[frozenset[str]]
    components: dict[Named, Timeline[bool]]
    priority: Timeline[Named]
    severity: Timeline[Named]
    found_in: Timeline[Named]
    sprints: Timeline[frozenset[str]]
    flagged: Timeline[bool]
    points: Timeline[float | None]
    cost_of_delay: Timeline[float | None]
    blocked_by: set[str]
    link_changes: list[LinkChange]
    moves: list[Change] = field(default_factory=list)
    key_result: Timeline[Text] = field(default_factory=lambda: Timeline([(BEGINNING, None)]))
    now_key: Text = None
    issue_key: Timeline[Text] = field(default_factory=lambda: Timeline([(BEGINNING, None)]))
    goal: dict[str, Timeline[Text]] = field(default_factory=dict)


def histories(raw: RawData) -> list[History]:
    """Every issue that had been created by the run's clock."""
    roles: dict[str, dict[str, Payload]] = defaultdict(dict)
    for connection, _, role in raw.stream("field_roles"):
        roles[connection][role["role"]] = role
    changelogs = {(connection, key): payload for connection, key, payload in raw.stream("changelogs")}
    gone = {
        (connection, key): (micros(payload["at"]), payload["status"])
        for connection, key, payload in raw.stream("issue_availability")
        if payload["status"] != "available" and micros(payload["at"]) <= raw.settings.as_of
    }
    found = []
    for connection, key, issue in raw.stream("issues"):
        if micros(issue["fields"]["created"]) <= raw.settings.as_of:
            reader = _Reader(issue, changelogs.get((connection, key), {}), roles[connection], raw.settings.as_of)
            found.append(reader.history(connection, key, gone.get((connection, key))))
    return found


def _moment(created: int | str) -> int:
    if isinstance(created, str) and not created.isdigit():
        return micros(created)
    number = int(created)
    return number * SECOND if number < 10**11 else number * 1000


def _order(entry: Payload) -> tuple[int, int, str]:
    number = str(entry["id"])
    return _moment(entry["created"]), int(number) if number.isdigit() else 0, number


class _Reader:
    """Reads one issue."""

    def __init__(self, issue: Payload, changelog: Payload, roles: Mapping[str, Payload], as_of: int) -> None:
        self.issue, self.fields, self.as_of = issue, issue["fields"], as_of
        self.roles = {role: str(payload["field_id"]) for role, payload in roles.items()}
        self.role_of = {field: role for role, field in self.roles.items()}
        self.changes: dict[str, list[Change]] = defaultdict(list)
        for entry in sorted(changelog.get("histories", []), key=_order):
            for item in entry["items"]:
                subject = self._subject(item)
                if subject:
                    change = Change(
                        _moment(entry["created"]),
                        item.get("from"),
                        item.get("fromString"),
                        item.get("to"),
                        item.get("toString"),
                        int(entry["id"]) if str(entry["id"]).isdigit() else None,
                    )
                    self.changes[subject].append(change)

    def _subject(self, item: Payload) -> str | None:
        field_id, name = str(item.get("fieldId") or item["field"]), str(item["field"]).lower()
        known = {"issuetype": "issue_type", "labels": "label", "component": "component", "components": "component"}
        if name == "key":
            return "key"
        if name == "link":
            return "link"
        if field_id.lower() in EPIC_FIELDS or self.role_of.get(field_id) in ("epic_link", "parent"):
            return "epic"
        return known.get(field_id.lower()) or self.role_of.get(field_id) or field_id.lower()

    def _role(self, role: str) -> Any:
        return self.fields.get(self.roles.get(role, ""))

    def _timeline(
        self, subject: str, now: T, before: Callable[[Change], T], after: Callable[[Change], T]
    ) -> Timeline[T]:
        changes = self.changes[subject]
        first = before(changes[0]) if changes else now
        return Timeline([(BEGINNING, first), *((c.at, after(c)) for c in changes if c.at <= self.as_of)])

    def _named(self, subject: str, now: Named) -> Timeline[Named]:
        return self._timeline(
            subject,
            now,
            lambda c: Named(c.old or None, c.old_text or None),
            lambda c: Named(c.new or None, c.new_text or None),
        )

    def history(self, connection: str, issue_id: str, gone: tuple[int, str] | None) -> History:
        """The whole of it."""
        fields = self.fields
        keys = {str(self.issue["key"])}
        keys |= {t for c in self.changes["key"] for t in (c.old_text, c.new_text) if t}
        created = micros(fields["created"])
        return History(
            item_key=f"{connection}:{issue_id}",
            connection=connection,
            issue_id=issue_id,
            keys=keys,
            created_at=created,
            gone=gone,
            statuses=self._statuses(created),
            project=self._timeline(
                "key",
                fields["project"]["key"],
                lambda c: (c.old_text or "").split("-")[0] or None,
                lambda c: (c.new_text or "").split("-")[0] or None,
            ),
            issue_type=self._named("issue_type", Named(fields["issuetype"]["id"], fields["issuetype"]["name"])),
            epic=self._named("epic", self._epic()),
            team=self._named("team", self._team()),
            labels=self._timeline(
                "label",
                _words(" ".join(fields.get("labels") or ())),
                lambda c: _words(c.old_text),
                lambda c: _words(c.new_text),
            ),
            components=self._components(),
            priority=self._named("priority", _named_value(fields.get("priority"))),
            severity=self._named("severity", _option(self._role("severity"))),
            found_in=self._named("found_in", _option(self._role("found_in"))),
            sprints=self._timeline(
                "sprint", _sprint_ids(self._role("sprint")), lambda c: _listed(c.old), lambda c: _listed(c.new)
            ),
            flagged=self._timeline(
                "flagged",
                _is_set(self._role("flagged")),
                lambda c: _is_set(c.old or c.old_text),
                lambda c: _is_set(c.new or c.new_text),
            ),
            points=self._number("story_points"),
            cost_of_delay=self._number("cost_of_delay"),
            blocked_by=self._blocked_by(),
            link_changes=list(self._link_changes()),
            moves=[change for change in self.changes["status"] if change.at <= self.as_of],
            key_result=self._timeline(
                "key_result", _option(self._role("key_result")).name, lambda c: c.old_text, lambda c: c.new_text
            ),
            now_key=str(self.issue["key"]),
            issue_key=self._timeline("key", str(self.issue["key"]), lambda c: c.old_text, lambda c: c.new_text),
            goal={name: self._goal_field(name) for name in GOAL_FIELDS},
        )

    def _goal_field(self, name: str) -> Timeline[Text]:
        """A field of a key result; a date is told by its value, anything else by its text."""
        role = f"key_result_{name}"
        is_date = name in ("start", "end")
        return self._timeline(
            role,
            _option(self._role(role)).name,
            lambda c: (c.old or c.old_text) if is_date else c.old_text,
            lambda c: (c.new or c.new_text) if is_date else c.new_text,
        )

    def _number(self, role: str) -> Timeline[float | None]:
        return self._timeline(
            role, _number(self._role(role)), lambda c: _number(c.old_text), lambda c: _number(c.new_text)
        )

    def _statuses(self, created: int) -> list[tuple[int, Named]]:
        """Status from when on; what is said to have happened before the creation happened at the creation."""
        changes, status = self.changes["status"], self.fields["status"]
        first = Named(changes[0].old, changes[0].old_text) if changes else Named(status["id"], status["name"])
        moves = [(max(c.at, created), Named(c.new, c.new_text)) for c in changes if c.at <= self.as_of]
        return [(created, first), *moves]

    def _epic(self) -> Named:
        parent = self.fields.get("parent") or {}
        return Named(parent.get("id"), parent.get("key") or self._role("epic_link"))

    def _team(self) -> Named:
        value = self._role("team")
        if isinstance(value, dict):
            return Named(value.get("id"), value.get("name") or value.get("value") or value.get("title"))
        return Named(value, None)

    def _components(self) -> dict[Named, Timeline[bool]]:
        found: dict[Named, list[tuple[int, bool]]] = {}
        names: dict[str, Named] = {}
        for change in self.changes["component"]:
            key = change.new or change.old
            if key is None:
                continue
            is_added = change.new is not None
            if key not in names:
                names[key] = Named(key, change.new_text or change.old_text)
                found[names[key]] = [(BEGINNING, not is_added)]
            if change.at <= self.as_of:
                found[names[key]].append((change.at, is_added))
        for component in self.fields.get("components") or ():
            if component["id"] not in names:
                found[Named(component["id"], component["name"])] = [(BEGINNING, True)]
        return {component: Timeline(entries) for component, entries in found.items()}

    def _blocked_by(self) -> set[str]:
        links = self.fields.get("issuelinks") or ()
        return {str(link["inwardIssue"]["key"]) for link in links if _blocks(link)}

    def _link_changes(self) -> Iterable[LinkChange]:
        for change in self.changes["link"]:
            text, key = (change.new_text, change.new) if change.new else (change.old_text, change.old)
            told = LINK_TEXT.match(text or "")
            if key and told and told[1].lower() == BLOCKED_BY:
                yield LinkChange(change.at, key, bool(change.new))


def _blocks(link: Payload) -> bool:
    return "inwardIssue" in link and str(link["type"].get("inward", "")).strip().lower() == BLOCKED_BY


def _words(text: Text) -> frozenset[str]:
    return frozenset(word for word in (text or "").lower().split(" ") if word)


def _named_value(value: Any) -> Named:
    return Named(value["id"], value["name"]) if value else Named(None, None)


def _option(value: Any) -> Named:
    if isinstance(value, dict):
        return Named(value.get("id"), value.get("value") or value.get("name"))
    return Named(None, None if value is None else str(value))


def _listed(text: Text) -> frozenset[str]:
    return frozenset(part.strip() for part in (text or "").split(",") if part.strip())


def _sprint_ids(value: Any) -> frozenset[str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = [value]
    found = set()
    for sprint in value or ():
        if isinstance(sprint, dict):
            found.add(str(sprint["id"]))
        elif told := SERVER_SPRINT.search(str(sprint)):
            found.add(told[1])
    return frozenset(found)


def _is_set(value: Any) -> bool:
    return value not in (None, "", "[]", "false", "null", False, []) and bool(value)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
