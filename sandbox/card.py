"""A Jira issue while it lives: every act is written down twice, as a changelog entry and as truth."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sandbox import truth
from sandbox.clock import jira_time, moment, utc
from sandbox.people import Person
from sandbox.process import BILLING_REVIEW_CHANGE as REMAP
from sandbox.process import (
    COST_OF_DELAY,
    FIELD_NAME,
    FLAGGED,
    ISSUE_TYPE,
    OPTIONS,
    POINTS,
    PRIORITIES,
    PROJECT_VALUES,
    RANK,
    RESOLUTIONS,
    SITE,
    SPRINT,
    STATUS,
    TEAM_FIELD,
    TEAM_IDS,
    TYPE_VALUES,
    Relation,
    change,
    document,
    kind_of,
    meaning,
    sprint_value,
    status_value,
    team_value,
    workflow_of,
)
from sandbox.teams import END, PROJECTS, REORGANISATION, owners_of
from sandbox.world import History, Issue

_REORGANISED_AT = moment(REORGANISATION.isoformat())
COMPONENT_IDS: dict[str, str] = {}


def _component(name: str) -> dict[str, Any]:
    number = COMPONENT_IDS.setdefault(name, str(10200 + len(COMPONENT_IDS)))
    return {"self": f"{SITE}/rest/api/3/component/{number}", "id": number, "name": name}


class Card:
    """An issue under way. Acts come in order of time per field; what lies after the simulation's end is dropped."""

    def __init__(self, project: str, type_id: str, created: int, author: Person, summary: str, *, status: str,
                 team_name: str | None = None, components: tuple[str, ...] = (), labels: tuple[str, ...] = (),
                 parent: "Card | None" = None, description: str = "", priority: str = "Medium") -> None:  # fmt: skip
        self.project, self.type_id, self.created, self.summary = project, type_id, created, summary
        self.status, self.team_name, self.components, self.labels = status, team_name, components, labels
        self.parent, self.author, self.assignee = parent, author, None
        self.id = self.key = ""
        self.last = created
        self.deleted_at: int | None = None
        self.keys: list[tuple[int, str]] = []
        self.history: list[tuple[int, Person, list[dict[str, Any]], dict[str, Any]]] = []
        self.moves: list[tuple[int, str]] = []
        self._state: str | None = None
        self._stage: str | None = None
        self.links: list[dict[str, Any]] = []
        self.truth = truth.WorkItem(
            "", utc(created), [], [], priority=priority, has_waiting=workflow_of(project).has_waiting,
            components=[(utc(created), components)],
        )  # fmt: skip
        self._enter(created, status)
        self._identify(created)
        self.fields: dict[str, Any] = {
            "summary": summary,
            "issuetype": TYPE_VALUES[type_id],
            "project": PROJECT_VALUES[project],
            "status": status_value(status),
            "priority": PRIORITIES[priority],
            "resolution": None,
            "resolutiondate": None,
            "created": jira_time(created),
            "updated": jira_time(created),
            "labels": list(labels),
            "components": [_component(name) for name in components],
            "assignee": None,
            "reporter": author.jira_user,
            "creator": author.jira_user,
            "description": document(description) if description else None,
            "issuelinks": [],
            "subtasks": [],
            "fixVersions": [],
            TEAM_FIELD: team_value(team_name),
            POINTS: None,
            SPRINT: None,
            FLAGGED: None,
        }

    # --- truth -----------------------------------------------------------------------------------------------------
    def _enter(self, at: int, status: str, *, is_entry: bool = True) -> None:
        state, stage = meaning(self.project, status, at)
        if state == "ignore":
            state, stage = (self._state, self._stage) if self._state else ("new", "backlog")
        if self.truth.episodes:
            self.truth.episodes[-1].to_at = utc(at)
        self._state, self._stage = state, stage
        shown = STATUS[status]
        self.truth.episodes.append(
            truth.Episode(status, shown.name, state, stage, utc(at), None, is_entry, shown.is_blocked)
        )

    def _remap(self, until: int) -> None:
        """Split the open stay where Billing changed what In Review means."""
        if self.project == "BILL" and self.status == "10004" and self._state == "waiting" and until >= REMAP:
            self._enter(REMAP, self.status, is_entry=False)

    def _identify(self, at: int) -> None:
        flow_item_type, level = kind_of(self.type_id, self.labels)
        teams, streams = owners_of(self.project, self.team_name, self.components, self.labels, at)
        identities = self.truth.identities
        if identities and identities[-1].from_at == utc(at):
            identities.pop()
        identities.append(
            truth.Identity(
                utc(at),
                self.key,
                self.project,
                ISSUE_TYPE[self.type_id].name,
                flow_item_type,
                level,
                teams,
                streams,
                self.labels,
            )
        )

    def _reorganise(self, until: int) -> None:
        if self.project != "RET" or not self.created < _REORGANISED_AT <= until:
            return
        if not any(i.from_at == utc(_REORGANISED_AT) for i in self.truth.identities):
            self._identify(_REORGANISED_AT)

    # --- acts ------------------------------------------------------------------------------------------------------
    def _act(self, at: int, author: Person, items: list[dict[str, Any]], patch: dict[str, Any]) -> bool:
        if at > END or (self.deleted_at is not None and at >= self.deleted_at):
            return False
        self.history.append((at, author, items, patch))
        return True

    def move(self, at: int, status: str, author: Person) -> int:
        """Change the status at `at` (or just after the last move), setting or clearing the resolution; returns when."""
        at = max(at, self.last + 7)
        if at > END:
            self.last = at
            return at
        self._remap(at)
        old, new = STATUS[self.status], STATUS[status]
        items = [change("status", "status", (old.status_id, old.name), (new.status_id, new.name))]
        patch: dict[str, Any] = {"status": status_value(status)}
        if (new.category == "done") != (old.category == "done"):
            name = None if new.category != "done" else "Won't Do" if new.state == "cancelled" else "Done"
            before = "Won't Do" if old.state == "cancelled" else "Done" if old.category == "done" else None
            value = RESOLUTIONS[name] if name else None
            items.append(change("resolution", "resolution", (RESOLUTIONS[before]["id"] if before else None, before),
                                (value["id"] if value else None, name)))  # fmt: skip
            patch |= {"resolution": value, "resolutiondate": jira_time(at) if name else None}
        if self._act(at, author, items, patch):
            self.status = status
            self._enter(at, status)
        self.last = at
        return at

    def assign(self, at: int, to: Person, author: Person) -> None:
        """Give the issue to a person."""
        if self.assignee is to:
            return
        before = (self.assignee.account_id, self.assignee.name) if self.assignee else (None, None)
        item = change("assignee", "assignee", before, (to.account_id, to.name))
        if self._act(at, author, [item], {"assignee": to.jira_user}):
            self.assignee = to

    def flag(self, start: int, end: int, author: Person) -> None:
        """Flag the issue as impeded for a while."""
        option = {
            "self": f"{SITE}/rest/api/3/customFieldOption/10019",
            "value": "Impediment",
            "id": "10019",
        }
        raised = change("Flagged", FLAGGED, (None, None), ("[10019]", "Impediment"))
        if self._act(start, author, [raised], {FLAGGED: [option]}):
            lowered = change("Flagged", FLAGGED, ("[10019]", "Impediment"), (None, None))
            ended = self._act(end, author, [lowered], {FLAGGED: None})
            self.truth.blocked.append((utc(start), utc(end) if ended else None))

    def label(self, at: int, label: str, author: Person) -> None:
        """Add a label."""
        labels = (*self.labels, label)
        item = change("labels", "labels", ("", " ".join(self.labels)), ("", " ".join(labels)))
        if self._act(at, author, [item], {"labels": list(labels)}):
            self._reorganise(at)
            self.labels = labels
            self._identify(at)

    def tag(self, at: int, label: str, author: Person) -> bool:
        """Add a label afterwards, to a card whose labels never changed and whose further life has been told.

        Returns whether that happened.
        """
        before = (*self.labels, label)
        if at == self.created:
            self.fields["labels"] = list(before)
        else:
            item = change("labels", "labels", ("", " ".join(self.labels)), ("", " ".join(before)))
            if not self._act(at, author, [item], {"labels": list(before)}):
                return False
            identities = self.truth.identities
            place = max(n for n, identity in enumerate(identities) if identity.from_at <= utc(at))
            identities.insert(place + 1, replace(identities[place], from_at=utc(at)))
        self.labels = before
        for identity in self.truth.identities:
            if identity.from_at >= utc(at):
                identity.labels = before
        return True

    def place(self, at: int, component: str, author: Person) -> None:
        """Give the issue another component."""
        items = [change("Component", "components", (_component(c)["id"], c), (None, None)) for c in self.components]
        items.append(change("Component", "components", (None, None), (_component(component)["id"], component)))
        if self._act(at, author, items, {"components": [_component(component)]}):
            self._reorganise(at)
            self.components = (component,)
            self.truth.components.append((utc(at), self.components))
            self._identify(at)

    def retype(self, at: int, type_id: str, author: Person) -> None:
        """Change the issue type."""
        old, new = ISSUE_TYPE[self.type_id], ISSUE_TYPE[type_id]
        item = change("issuetype", "issuetype", (old.type_id, old.name), (new.type_id, new.name))
        if self._act(at, author, [item], {"issuetype": TYPE_VALUES[type_id]}):
            self._reorganise(at)
            self.type_id = type_id
            self._identify(at)

    def set_team(self, at: int, name: str, author: Person) -> None:
        """Set the Team field."""
        before = (TEAM_IDS[self.team_name], self.team_name) if self.team_name else (None, None)
        item = change("Team", TEAM_FIELD, before, (TEAM_IDS[name], name))
        if self._act(at, author, [item], {TEAM_FIELD: team_value(name)}):
            self.team_name = name
            self._identify(at)

    def estimate(self, at: int, points: float, author: Person) -> None:
        """Set the story points, or correct them."""
        old = self.truth.story_points
        if points == old:
            return
        item = change(
            "Story point estimate", POINTS, (None, None if old is None else f"{old:g}"), (None, f"{points:g}")
        )
        if self._act(at, author, [item], {POINTS: points}):
            self.truth.points.append((utc(at), points))

    def cost(self, at: int, amount: float, author: Person) -> None:
        """Say what a week of delay costs (at the issue's creation: as one of its first values)."""
        old = self.truth.cost_of_delay
        if at == self.created:
            self.fields[COST_OF_DELAY] = amount
        else:
            item = change(
                "Cost of Delay", COST_OF_DELAY, (None, None if old is None else f"{old:g}"), (None, f"{amount:g}")
            )
            if not self._act(at, author, [item], {COST_OF_DELAY: amount}):
                return
        self.truth.costs_of_delay.append((utc(at), amount))

    def choose(self, at: int, field_id: str, name: str, author: Person, told: list[tuple[datetime, str]]) -> None:
        """Choose an option of a field (at the issue's creation: as its first value); `told` is the field's truth."""
        if at == self.created:
            self.fields[field_id] = OPTIONS[name]
        else:
            old = OPTIONS[told[-1][1]] if told else {"id": None, "value": None}
            new = OPTIONS[name]
            item = change(FIELD_NAME[field_id], field_id, (old["id"], old["value"]), (new["id"], new["value"]))
            if not self._act(at, author, [item], {field_id: new}):
                return
        told.append((utc(at), name))

    def move_project(self, at: int, project: str, author: Person) -> int:
        """Move to another project of the same workflow; the new key is given out later. Returns when."""
        at = max(at, self.last + 7)
        items = [
            change("project", "project", (PROJECTS[self.project][0], PROJECTS[self.project][1]),
                   (PROJECTS[project][0], PROJECTS[project][1])),
            change("Key", "issuekey", (None, "?"), (None, "?")),
        ]  # fmt: skip
        patch: dict[str, Any] = {"project": PROJECT_VALUES[project], "key": "?"}
        if self.components:
            items.extend(
                change("Component", "components", (_component(c)["id"], c), (None, None)) for c in self.components
            )
            patch["components"] = []
        if self._act(at, author, items, patch):
            self._reorganise(at)
            self.project, self.components = project, ()
            self.truth.components.append((utc(at), ()))
            self.moves.append((at, project))
            self._identify(at)
        self.last = at
        return at

    def rank(self, at: int, author: Person, text: str) -> None:
        """Change the place in the backlog, which means nothing."""
        self._act(at, author, [change("Rank", RANK, ("", ""), ("", text))], {})

    def sprint(self, at: int, sprints: list[dict[str, Any]], now: list[dict[str, Any]], author: Person) -> bool:
        """Change the Sprint field from `sprints` to `now` (all that the issue was ever in, oldest first)."""

        def text(values: list[dict[str, Any]]) -> tuple[str, str]:
            return ", ".join(str(s["id"]) for s in values), ", ".join(s["name"] for s in values)

        item = change("Sprint", SPRINT, text(sprints), text(now))
        return self._act(at, author, [item], {SPRINT: [sprint_value(s, at) for s in now] or None})

    def link(self, at: int, link_id: str, relation: Relation, other: "Card", author: Person, *, inward: bool) -> None:
        """Link the issue with another one; the other card links back. Keys must have been given."""
        key = other.key_at(at)
        value = {
            "id": link_id,
            "self": f"{SITE}/rest/api/3/issueLink/{link_id}",
            "type": relation.value,
            "inwardIssue" if inward else "outwardIssue": {
                "id": other.id, "key": key, "self": f"{SITE}/rest/api/3/issue/{other.id}",
                "fields": {"summary": other.summary, "issuetype": TYPE_VALUES[other.type_id]},
            },
        }  # fmt: skip
        text = f"This issue {relation.inward if inward else relation.outward} {key}"
        if self._act(at, author, [change("Link", "issuelinks", (None, None), (key, text))], {}):
            self.links.append(value)
            self.history[-1][3]["issuelinks"] = list(self.links)

    def unlink(self, at: int, link_id: str, relation: Relation, other: "Card", author: Person, *, inward: bool) -> None:
        """Remove such a link."""
        key = other.key_at(at)
        text = f"This issue {relation.inward if inward else relation.outward} {key}"
        if self._act(at, author, [change("Link", "issuelinks", (key, text), (None, None))], {}):
            self.links = [value for value in self.links if value["id"] != link_id]
            self.history[-1][3]["issuelinks"] = list(self.links)

    def write(
        self, at: int, author: Person, field: str, field_id: str, old: str | None, new: str | None, value: Any
    ) -> bool:
        """Overwrite a text or number field."""
        return self._act(at, author, [change(field, field_id, (None, old), (None, new))], {field_id: value})

    def date(self, at: int, author: Person, field: str, field_id: str, old: str, new: str) -> bool:
        """Overwrite a date; its text is not its value."""
        values = ((old, f"{old} 00:00:00.0"), (new, f"{new} 00:00:00.0"))
        return self._act(at, author, [change(field, field_id, *values)], {field_id: new})

    def delete(self, at: int) -> None:
        """Delete the issue; acts after it never happen."""
        if at <= END:
            self.deleted_at = at
            self.truth.deleted_at = utc(at)
            self.history = [entry for entry in self.history if entry[0] < at]

    # --- closing ---------------------------------------------------------------------------------------------------
    def key_at(self, at: int) -> str:
        """The issue key in force at a moment."""
        return next((key for since, key in reversed(self.keys) if since <= at), self.keys[0][1])

    def finish(self) -> None:
        """Close the truth once ids and keys are known."""
        until = self.deleted_at or END
        self._remap(until)
        self._reorganise(until)
        item = self.truth
        item.item_id = self.id
        item.parent_id = self.parent.id if self.parent else None
        if self.parent:
            above = self.parent if self.parent.truth.level == "initiative" else self.parent.parent
            item.initiative_id = above.id if above else None
        if self.deleted_at is not None:
            limit = utc(self.deleted_at)
            item.episodes = [e for e in item.episodes if e.from_at < limit]
            item.identities = [i for i in item.identities if i.from_at < limit]
            item.episodes[-1].to_at = None
            item.blocked = [(a, b if b and b < limit else None) for a, b in item.blocked if a < limit]
            item.sprints = [(s, a, b if b and b < limit else None) for s, a, b in item.sprints if a < limit]
            item.points = [(a, value) for a, value in item.points if a < limit]
            item.costs_of_delay = [(a, value) for a, value in item.costs_of_delay if a < limit]
            item.outcome_types = [(a, value) for a, value in item.outcome_types if a < limit]
            item.found_in = [(a, value) for a, value in item.found_in if a < limit]
            item.severities = [(a, value) for a, value in item.severities if a < limit]
            item.components = [(a, names) for a, names in item.components if a < limit]
            item.advisories = [(a, value) for a, value in item.advisories if a < limit]
        item.identities.sort(key=lambda identity: identity.from_at)
        for identity in item.identities:
            identity.key = self.key_at(int(identity.from_at.timestamp()))

    def issue(self) -> Issue:
        """The issue in the doubles' shape; histories get their ids later."""
        fields = self.fields
        if self.parent:
            fields["parent"] = {"id": self.parent.id, "key": self.parent.key, "fields": {
                "summary": self.parent.summary, "issuetype": TYPE_VALUES[self.parent.type_id]}}  # fmt: skip
        histories = []
        keys = iter(self.keys[1:])
        old_key = self.keys[0][1]
        for at, author, items, patch in sorted(self.history, key=lambda entry: entry[0]):
            if "key" in patch:
                new_key = next(keys)[1]
                patch["key"] = new_key
                items[1] |= {"fromString": old_key, "toString": new_key}
                old_key = new_key
            histories.append(History("", utc(at), author.account_id, items, patch))
        deleted = utc(self.deleted_at) if self.deleted_at else None
        return Issue(self.id, self.keys[0][1], utc(self.created), fields, histories, deleted)
