"""A small Jira site that remembers what happened when, and when it became known; its records have Jira's shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from ingestion.stream import Record

SITE = "https://small.atlassian.net"
POINTS, SPRINT, FLAGGED, TEAM = "customfield_10016", "customfield_10020", "customfield_10021", "customfield_10001"
OUTCOME, ACTUAL_OUTCOME = "customfield_10101", "customfield_10102"
KEY_RESULT, COST_OF_DELAY, FOUND_IN = "customfield_10103", "customfield_10104", "customfield_10105"
VERDICT, OUTCOME_TYPE = "customfield_10106", "customfield_10107"
BASELINE, TARGET, CURRENT = "customfield_10108", "customfield_10109", "customfield_10110"
CONFIDENCE, STARTS, ENDS = "customfield_10111", "customfield_10112", "duedate"
FIELDS = (  # id, name, schema type, schema marker
    ("summary", "Summary", "string", ""), ("status", "Status", "status", ""), ("labels", "Labels", "array", ""),
    ("issuelinks", "Linked Issues", "array", ""), ("parent", "Parent", "issuelink", ""),
    (POINTS, "Story point estimate", "number", "com.pyxis.greenhopper.jira:jsw-story-points"),
    (SPRINT, "Sprint", "array", "com.pyxis.greenhopper.jira:gh-sprint"),
    (FLAGGED, "Flagged", "array", ""),
    (TEAM, "Team", "team", "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team"),
    (OUTCOME, "Anticipated outcome", "string", ""), (ACTUAL_OUTCOME, "Actual outcome", "string", ""),
    (KEY_RESULT, "Key result", "string", ""), (COST_OF_DELAY, "Cost of delay", "number", ""),
    (FOUND_IN, "Found in", "string", ""), (VERDICT, "Outcome verdict", "string", ""),
    (OUTCOME_TYPE, "Outcome type", "string", ""), (BASELINE, "Baseline", "number", ""),
    (TARGET, "Target", "number", ""), (CURRENT, "Current value", "string", ""),
    (CONFIDENCE, "Confidence", "string", ""), (STARTS, "Start date", "date", ""), (ENDS, "Due date", "date", ""),
)  # fmt: skip
PROJECTS = {
    "APP": ("10000", "App"),
    "PAY": ("10001", "Payments"),
    "OPS": ("10002", "Operations"),
    "OKR": ("10003", "Goals"),
}
CATEGORIES = {"new": (2, "To Do"), "indeterminate": (4, "In Progress"), "done": (3, "Done")}
STATUSES = {  # id: name, category
    "1": ("To Do", "new"), "2": ("Ready", "new"), "3": ("In Progress", "indeterminate"),
    "4": ("Waiting for Review", "indeterminate"), "5": ("Testing", "indeterminate"), "6": ("Done", "done"),
    "7": ("Won't Do", "done"), "8": ("On Hold", "indeterminate"), "9": ("Parked", "indeterminate"),
}  # fmt: skip
WORKFLOW = ("1", "2", "3", "4", "5", "6")
CANCELLED, HOLD, PARKED = "7", "8", "9"
TYPES = {  # id: name, level
    "100": ("Epic", 1), "101": ("Story", 0), "102": ("Bug", 0), "103": ("Task", 0), "104": ("Security", 0),
    "105": ("Sub-task", -1), "106": ("Improvement", 0), "107": ("Objective", 3), "108": ("Key Result", 2),
}  # fmt: skip
EPIC, OBJECTIVE_TYPE, KEY_RESULT_TYPE = "100", "107", "108"
COMPONENTS = {"501": "Web", "502": "Ledger", "503": "Pipelines"}
TEAM_NAMES = {"t-delta": "Delta", "t-epsilon": "Epsilon"}


@dataclass(slots=True)
class Change:
    """One changelog entry: what changed `at`, and since when it is `known` (later where it is backdated)."""

    id: int
    at: datetime
    known: datetime
    items: list[dict[str, Any]]
    patch: dict[str, Any]


@dataclass(slots=True)
class Item:
    """An issue: its values when it was created, and its changes."""

    id: int
    created: datetime
    fields: dict[str, Any]
    changes: list[Change] = field(default_factory=list)
    touched: list[datetime] = field(default_factory=list)
    deleted_at: datetime | None = None

    def state(self, now: datetime, *, at: datetime | None = None) -> dict[str, Any]:
        """Its values at a moment (default: now), as far as they are known now."""
        values = dict(self.fields)
        for change in self.known(now):
            if at is None or change.at <= at:
                values |= change.patch
        return values

    def known(self, now: datetime) -> list[Change]:
        """Its changes as the site tells them now, oldest first."""
        return sorted((c for c in self.changes if c.known <= now), key=lambda change: (change.at, change.id))

    def updated(self, now: datetime) -> datetime:
        """When it was last changed or touched."""
        moments = [*(change.known for change in self.changes), *self.touched]
        return max([self.created, *(moment for moment in moments if moment <= now)])


@dataclass
class Tracker:
    """The site. `hidden`: spans in which the account must not see a project; `late`: whose changelogs do not come."""

    items: dict[int, Item] = field(default_factory=dict)
    status_names: dict[str, str] = field(default_factory=lambda: {id_: name for id_, (name, _) in STATUSES.items()})
    type_names: dict[str, str] = field(default_factory=lambda: {id_: name for id_, (name, _) in TYPES.items()})
    hidden: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    late: set[int] = field(default_factory=set)
    sprints: list[dict[str, Any]] = field(default_factory=list)
    columns: list[tuple[str, tuple[str, ...]]] = field(
        default_factory=lambda: [("Ready", ("1", "2")), ("Doing", ("3",)), ("Check", ("4", "5")), ("Done", ("6", "7"))]
    )
    numbers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PROJECTS, 0))
    last_id: int = 10000
    last_change: int = 0
    last_link: int = 0

    # --- acts --------------------------------------------------------------------------------------------------------
    def create(
        self, at: datetime, project: str, type_: str, summary: str, *, id_: int | None = None, **values: Any
    ) -> Item:
        """A new issue in the first status; id_: instead of the next one."""
        self.last_id += id_ is None
        self.numbers[project] += 1
        names = ("parent", "points", "team", "outcome", "actual_outcome", "key_result", "cost_of_delay", "found_in",
                 "verdict", "outcome_type", "baseline", "target", "current", "confidence", "starts",
                 "ends")  # fmt: skip
        empty = dict.fromkeys(names)
        lists = {"labels": (), "components": (), "sprints": (), "links": (), "flagged": False}
        fields = {
            "summary": summary, "type": type_, "status": WORKFLOW[0], "project": project,
            "key": f"{project}-{self.numbers[project]}", **empty, **lists, **values,
        }  # fmt: skip
        item = Item(id_ or self.last_id, at, fields)
        self.items[item.id] = item
        return item

    def put(self, item: Item, at: datetime, name: str, value: Any, known: datetime | None = None) -> None:
        """Change a value at a moment; `known` later than that where the change is backdated."""
        known = known or at
        old = item.state(known, at=at)[name]
        if old == value:
            return
        self._write(item, at, known, self._log(name, old, value), {name: value})

    def move(self, item: Item, at: datetime, project: str) -> None:
        """Move to another project, which gives a new key and takes the components away."""
        old = item.state(at)
        self.numbers[project] += 1
        key = f"{project}-{self.numbers[project]}"
        before, after = PROJECTS[old["project"]], PROJECTS[project]
        items = [
            _log("project", "project", before, after),
            _log("Key", "issuekey", (None, old["key"]), (None, key)),
            *self._log("components", old["components"], ()),
        ]
        self._write(item, at, at, items, {"project": project, "key": key, "components": ()})

    def link(self, item: Item, other: Item, at: datetime) -> None:
        """Say that an item is blocked by another one."""
        self.last_link += 1
        for one, far, kind in ((item, other, "blocked_by"), (other, item, "blocks")):
            links = one.state(at)["links"]
            self.put(one, at, "links", (*links, (self.last_link, kind, far.id)))

    def unlink(self, item: Item, at: datetime) -> None:
        """Take an item's first link away, on both sides."""
        links = item.state(at)["links"]
        other = self.items[links[0][2]]
        for one in (item, other):
            self.put(one, at, "links", tuple(link for link in one.state(at)["links"] if link[0] != links[0][0]))

    def _write(
        self, item: Item, at: datetime, known: datetime, items: list[dict[str, Any]], patch: dict[str, Any]
    ) -> None:
        self.last_change += 1
        item.changes.append(Change(self.last_change, at, known, items, patch))

    def _log(self, name: str, old: Any, new: Any) -> list[dict[str, Any]]:
        """The changelog items of a changed value, as Jira words them."""
        match name:
            case "status" | "type":
                names = self.status_names if name == "status" else self.type_names
                word = "status" if name == "status" else "issuetype"
                return [_log(word, word, (old, names[old]), (new, names[new]))]
            case "labels":
                return [_log("labels", "labels", ("", " ".join(old)), ("", " ".join(new)))]
            case "components":
                gone = [_log("Component", "components", (c, COMPONENTS[c]), (None, None)) for c in old if c not in new]
                come = [_log("Component", "components", (None, None), (c, COMPONENTS[c])) for c in new if c not in old]
                return gone + come
            case "sprints":
                return [_log("Sprint", SPRINT, self._sprint_texts(old), self._sprint_texts(new))]
            case "parent":
                keys = [(None, None) if p is None else (str(p), self.items[p].fields["key"]) for p in (old, new)]
                return [_log("IssueParentAssociation", None, *keys)]
            case "team":
                return [_log("Team", TEAM, (old, TEAM_NAMES.get(old)), (new, TEAM_NAMES.get(new)))]
            case "flagged":
                texts = [("[10019]", "Impediment") if value else (None, None) for value in (old, new)]
                return [_log("Flagged", FLAGGED, *texts)]
            case "starts" | "ends":
                field_id, word = (STARTS, "Start date") if name == "starts" else (ENDS, "duedate")
                days = [(day, None if day is None else f"{date.fromisoformat(day):%d/%b/%y}") for day in (old, new)]
                return [_log(word, field_id, *days)]
            case "links":
                lost = [(*self._link_text(link), None, None) for link in old if link not in new]
                won = [(None, None, *self._link_text(link)) for link in new if link not in old]
                return [_log("Link", None, (a, b), (c, d)) for a, b, c, d in lost + won]
        field_id, word = {
            "summary": ("summary", "summary"), "points": (POINTS, "Story point estimate"),
            "outcome": (OUTCOME, "Anticipated outcome"), "actual_outcome": (ACTUAL_OUTCOME, "Actual outcome"),
            "key_result": (KEY_RESULT, "Key result"), "cost_of_delay": (COST_OF_DELAY, "Cost of delay"),
            "found_in": (FOUND_IN, "Found in"), "verdict": (VERDICT, "Outcome verdict"),
            "outcome_type": (OUTCOME_TYPE, "Outcome type"), "baseline": (BASELINE, "Baseline"),
            "target": (TARGET, "Target"), "current": (CURRENT, "Current value"),
            "confidence": (CONFIDENCE, "Confidence"),
        }[name]  # fmt: skip
        texts = [None if value is None else f"{value:g}" if isinstance(value, float) else value for value in (old, new)]
        return [_log(word, field_id, (None, texts[0]), (None, texts[1]))]

    def _sprint_texts(self, ids: tuple[int, ...]) -> tuple[str, str]:
        names = {sprint["id"]: sprint["name"] for sprint in self.sprints}
        return ", ".join(map(str, ids)), ", ".join(names[id_] for id_ in ids)

    def _link_text(self, link: tuple[int, str, int]) -> tuple[str, str]:
        key = self.items[link[2]].fields["key"]
        return key, f"This issue {'is blocked by' if link[1] == 'blocked_by' else 'blocks'} {key}"

    # --- what the account sees ---------------------------------------------------------------------------------------
    def is_hidden(self, project: str, now: datetime) -> bool:
        """Whether the account must not see a project now."""
        return any(start <= now < end for start, end in self.hidden.get(project, ()))

    def existing(self, now: datetime) -> list[Item]:
        """The issues there are."""
        return [i for i in self.items.values() if i.created <= now and (i.deleted_at is None or i.deleted_at > now)]

    def visible(self, now: datetime) -> list[Item]:
        """The issues that the account sees."""
        return [item for item in self.existing(now) if not self.is_hidden(item.state(now)["project"], now)]

    def projects(self, now: datetime) -> Iterator[Record]:
        for key, (id_, name) in PROJECTS.items():
            if not self.is_hidden(key, now):
                yield Record(id_, None, {"id": id_, "key": key, "name": name})

    def issue_types(self, now: datetime) -> Iterator[Record]:
        del now
        yield from (Record(id_, None, self._type(id_)) for id_ in TYPES)

    def statuses(self, now: datetime) -> Iterator[Record]:
        del now
        yield from (Record(id_, None, self._status(id_)) for id_ in STATUSES)

    def fields(self, now: datetime) -> Iterator[Record]:
        del now
        for id_, name, kind, marker in FIELDS:
            schema = {"type": kind, **({"custom": marker} if marker else {})}
            yield Record(id_, None, {"id": id_, "key": id_, "name": name, "custom": "_" in id_, "schema": schema})

    def issues(self, now: datetime) -> Iterator[Record]:
        for item in self.visible(now):
            yield Record(str(item.id), item.updated(now), self._issue(item, now))

    def changelogs(self, now: datetime) -> Iterator[Record]:
        for item in self.visible(now):
            if item.id not in self.late:
                histories = [
                    {"id": str(change.id), "created": int(change.at.timestamp() * 1000), "items": change.items}
                    for change in item.known(now)
                ]
                yield Record(str(item.id), item.updated(now), {"issueId": str(item.id), "histories": histories})

    def boards(self, now: datetime) -> Iterator[Record]:
        del now
        location = {"projectId": 10000, "projectKey": "APP", "projectTypeKey": "software"}
        yield Record("1", None, {"id": 1, "name": "App board", "type": "scrum", "location": location})

    def board_configurations(self, now: datetime) -> Iterator[Record]:
        del now
        columns = [{"name": name, "statuses": [{"id": id_} for id_ in ids]} for name, ids in self.columns]
        yield Record("1", None, {
            "id": 1, "name": "App board", "type": "scrum", "location": {"key": "APP", "type": "project"},
            "filter": {"id": "1"}, "columnConfig": {"columns": columns, "constraintType": "none"},
            "estimation": {"type": "field"}, "ranking": {"rankCustomFieldId": 10019},
        })  # fmt: skip

    def sprint_records(self, now: datetime) -> Iterator[Record]:
        for sprint in self.sprints:
            if sprint["created"] <= now:
                yield Record(str(sprint["id"]), None, self._sprint(sprint, now))

    def _issue(self, item: Item, now: datetime) -> dict[str, Any]:
        values = item.state(now)
        parent = self.items.get(values["parent"]) if values["parent"] else None
        sprints = [sprint for sprint in self.sprints if sprint["id"] in values["sprints"]]
        team = values["team"] and {"id": values["team"], "name": TEAM_NAMES[values["team"]]}
        fields = {
            "summary": values["summary"], "issuetype": self._type(values["type"]),
            "status": self._status(values["status"]),
            "project": {"id": PROJECTS[values["project"]][0], "key": values["project"]},
            "created": jira_time(item.created), "updated": jira_time(item.updated(now)),
            "labels": list(values["labels"]),
            "components": [{"id": id_, "name": COMPONENTS[id_]} for id_ in values["components"]],
            "issuelinks": [self._link(link, now) for link in values["links"]],
            POINTS: values["points"], TEAM: team, FLAGGED: [{"id": "10019"}] if values["flagged"] else None,
            SPRINT: [self._sprint(sprint, now) for sprint in sprints] or None, OUTCOME: values["outcome"],
            ACTUAL_OUTCOME: values["actual_outcome"], KEY_RESULT: values["key_result"],
            COST_OF_DELAY: values["cost_of_delay"], FOUND_IN: values["found_in"],
            VERDICT: values["verdict"], OUTCOME_TYPE: values["outcome_type"], BASELINE: values["baseline"],
            TARGET: values["target"], CURRENT: values["current"], CONFIDENCE: values["confidence"],
            STARTS: values["starts"], ENDS: values["ends"],
        }  # fmt: skip
        if parent is not None:
            fields["parent"] = {"id": str(parent.id), "key": parent.state(now)["key"], "fields": {}}
        return {"id": str(item.id), "key": values["key"], "fields": fields}

    def _link(self, link: tuple[int, str, int], now: datetime) -> dict[str, Any]:
        number, kind, other = link
        far = {"id": str(other), "key": self.items[other].state(now)["key"]}
        type_ = {"id": "10000", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
        return {"id": str(number), "type": type_, "inwardIssue" if kind == "blocked_by" else "outwardIssue": far}

    def _sprint(self, sprint: dict[str, Any], now: datetime) -> dict[str, Any]:
        begun, over = sprint["start"] <= now, sprint["close"] <= now
        value = {
            "id": sprint["id"], "name": sprint["name"], "state": "closed" if over else "active" if begun else "future",
            "originBoardId": 1, "boardId": 1, "createdDate": jira_time(sprint["created"]),
            "startDate": jira_time(sprint["planned"]), "endDate": jira_time(sprint["end"]),
        }  # fmt: skip
        value |= {"activatedDate": jira_time(sprint["start"])} if begun else {}
        return value | ({"completeDate": jira_time(sprint["close"])} if over else {})

    def _status(self, id_: str) -> dict[str, Any]:
        category = STATUSES[id_][1]
        number, name = CATEGORIES[category]
        category_value = {"id": number, "key": category, "name": name}
        return {"id": id_, "name": self.status_names[id_], "statusCategory": category_value}

    def _type(self, id_: str) -> dict[str, Any]:
        level = TYPES[id_][1]
        return {"id": id_, "name": self.type_names[id_], "hierarchyLevel": level, "subtask": level < 0}


def jira_time(at: datetime) -> str:
    """Jira's form of a UTC time."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.000+0000"


def _log(name: str, field_id: str | None, old: Any, new: Any) -> dict[str, Any]:
    where = {"fieldId": field_id} if field_id else {}
    kind = "custom" if field_id and "_" in field_id else "jira"
    values = {"from": old[0], "fromString": old[1], "to": new[0], "toString": new[1]}
    return {"field": name, "fieldtype": kind, **where, **values}
