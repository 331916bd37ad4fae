"""Acme's process and Jira's vocabulary for it: statuses with their meaning, issue types, fields."""

from dataclasses import dataclass
from typing import Any

from sandbox.clock import jira_time, moment
from sandbox.teams import PROJECTS

SITE = "https://acme.atlassian.net"
_CATEGORIES = {
    key: {"self": f"{SITE}/rest/api/3/statuscategory/{n}", "id": n, "key": key, "colorName": colour, "name": name}
    for n, key, colour, name in (
        (2, "new", "blue-gray", "To Do"),
        (4, "indeterminate", "yellow", "In Progress"),
        (3, "done", "green", "Done"),
    )
}


@dataclass(frozen=True, slots=True)
class Status:
    """A status and what it means to the company; state None = nobody ever said (unmapped).

    is_blocked: work in it is blocked.
    """

    status_id: str
    name: str
    category: str
    state: str | None
    stage: str | None = None
    stage_order: int | None = None
    project: str | None = None
    is_blocked: bool = False


STATUSES: tuple[Status, ...] = (
    Status("10000", "Backlog", "new", "new", "backlog", 0),
    Status("10001", "Selected for Development", "new", "waiting", "ready", 10),
    Status("10002", "In Progress", "indeterminate", "active", "development", 20),
    Status("10003", "Ready for Review", "indeterminate", "waiting", "review", 30),
    Status("10004", "In Review", "indeterminate", "active", "review", 30),
    Status("10005", "Ready for Test", "indeterminate", "waiting", "test", 40),
    Status("10006", "In Test", "indeterminate", "active", "test", 40),
    Status("10007", "Ready for Release", "indeterminate", "waiting", "release", 50),
    Status("10008", "Done", "done", "done", "done", 60),
    Status("10009", "Won't Do", "done", "cancelled"),
    Status("10010", "On Hold", "indeterminate", "ignore"),
    Status("10011", "Parked", "indeterminate", None),
    Status("10012", "Blocked", "indeterminate", "waiting", "development", 20, is_blocked=True),
    Status("10020", "To Do", "new", "new", "backlog", 0),
    Status("10021", "Doing", "indeterminate", "active", "development", 20),
    Status("10022", "Finished", "done", "done", "done", 60),
    Status("10031", "Inbox", "new", "new", "backlog", 0, "PARC"),
    Status("10032", "Next Up", "new", "waiting", "ready", 10, "PARC"),
    Status("10033", "Building", "indeterminate", "active", "development", 20, "PARC"),
    Status("10034", "In Review", "indeterminate", "waiting", "review", 30, "PARC"),
    Status("10035", "Peer Check", "indeterminate", "active", "review", 30, "PARC"),
    Status("10036", "Verify", "indeterminate", "active", "test", 40, "PARC"),
    Status("10037", "Shipped", "done", "done", "done", 60, "PARC"),
    Status("10038", "Dropped", "done", "cancelled", None, None, "PARC"),
)
STATUS = {status.status_id: status for status in STATUSES}
BILLING_REVIEW_CHANGE = moment("2026-01-01")
"""Until then Billing's reviews waited for a weekly committee (In Review was waiting); since then people pair."""


def meaning(project: str, status_id: str, at: int) -> tuple[str | None, str | None]:
    """The flow state and stage of a status in a project at a moment."""
    status = STATUS[status_id]
    if project == "BILL" and status_id == "10004" and at < BILLING_REVIEW_CHANGE:
        return "waiting", status.stage
    return status.state, status.stage


def status_value(status_id: str) -> dict[str, Any]:
    """A status in Jira's shape."""
    return _STATUS_VALUES[status_id]


def _status_value(status: Status) -> dict[str, Any]:
    value: dict[str, Any] = {
        "self": f"{SITE}/rest/api/3/status/{status.status_id}",
        "description": "",
        "iconUrl": f"{SITE}/images/icons/statuses/generic.png",
        "name": status.name,
        "id": status.status_id,
        "statusCategory": _CATEGORIES[status.category],
    }
    if status.project:
        value["scope"] = {"type": "PROJECT", "project": {"id": PROJECTS[status.project][0]}}
    return value


_STATUS_VALUES = {status.status_id: _status_value(status) for status in STATUSES}


@dataclass(frozen=True, slots=True)
class Workflow:
    """The statuses that a project's items walk through; None where it has no such step."""

    new: str
    ready: str | None
    coding: str
    review_wait: str | None
    review: str | None
    test_wait: str | None
    test: str | None
    release: str | None
    done: str
    cancelled: str

    @property
    def has_waiting(self) -> bool:
        """Whether work can wait anywhere in it."""
        return any((self.ready, self.review_wait, self.test_wait, self.release))


_ACME = Workflow("10000", "10001", "10002", "10003", "10004", "10005", "10006", "10007", "10008", "10009")
_SIMPLE = Workflow("10020", None, "10021", None, None, None, None, None, "10022", "10009")
_PARCELIO = Workflow("10031", "10032", "10033", "10034", "10035", None, "10036", None, "10037", "10038")


def workflow_of(project: str) -> Workflow:
    """The workflow of a project."""
    return {"TOOL": _SIMPLE, "PARC": _PARCELIO}.get(project, _ACME)


@dataclass(frozen=True, slots=True)
class IssueType:
    """An issue type and what it means; level None = nobody ever said (unmapped)."""

    type_id: str
    name: str
    hierarchy: int
    flow_item_type: str | None
    level: str | None
    project: str | None = None


ISSUE_TYPES: tuple[IssueType, ...] = (
    IssueType("10000", "Epic", 1, "feature", "initiative"),
    IssueType("10001", "Story", 0, "feature", "flow_item"),
    IssueType("10002", "Task", 0, "feature", "flow_item"),
    IssueType("10003", "Bug", 0, "defect", "flow_item"),
    IssueType("10004", "Tech Debt", 0, "debt", "flow_item"),
    IssueType("10005", "Spike", 0, "debt", "flow_item"),
    IssueType("10006", "Security", 0, "risk", "flow_item"),
    IssueType("10007", "Sub-task", -1, "feature", "subtask"),
    IssueType("10008", "Improvement", 0, None, None),
    IssueType("10009", "Incident", 0, None, "ignore"),
    IssueType("10010", "Vulnerability", 0, None, "ignore"),
    IssueType("10011", "Objective", 3, None, "objective"),
    IssueType("10012", "Key Result", 2, None, "key_result"),
    IssueType("10041", "Feature", 0, "feature", "flow_item", "PARC"),
    IssueType("10042", "Bug", 0, "defect", "flow_item", "PARC"),
    IssueType("10043", "Chore", 0, "debt", "flow_item", "PARC"),
    IssueType("10044", "Initiative", 1, "feature", "initiative", "PARC"),
)
ISSUE_TYPE = {issue_type.type_id: issue_type for issue_type in ISSUE_TYPES}
LABEL_RULES: tuple[tuple[str, str, str, str], ...] = (
    ("Task", "tech-debt", "debt", "flow_item"),
    ("Task", "compliance", "risk", "flow_item"),
    ("Bug", "security", "risk", "flow_item"),
    ("Epic", "tech-debt", "debt", "initiative"),
)
"""(issue type, label, flow item type, level): a label that changes what an item is."""


UNPLANNED_LABEL = "interrupt"
"""What teams put on work that nobody had planned."""


def kind_of(type_id: str, labels: tuple[str, ...]) -> tuple[str | None, str | None]:
    """The flow item type and level of an issue type with labels."""
    issue_type = ISSUE_TYPE[type_id]
    for name, label, flow_item_type, level in LABEL_RULES:
        if issue_type.name == name and label in labels:
            return flow_item_type, level
    return issue_type.flow_item_type, issue_type.level


def _type_value(issue_type: IssueType) -> dict[str, Any]:
    value: dict[str, Any] = {
        "self": f"{SITE}/rest/api/3/issuetype/{issue_type.type_id}",
        "id": issue_type.type_id,
        "description": "",
        "iconUrl": f"{SITE}/rest/api/2/universal_avatar/view/type/issuetype/avatar/10315?size=medium",
        "name": issue_type.name,
        "subtask": issue_type.hierarchy < 0,
        "avatarId": 10315,
        "hierarchyLevel": issue_type.hierarchy,
    }
    if issue_type.project:
        value["scope"] = {"type": "PROJECT", "project": {"id": PROJECTS[issue_type.project][0]}}
    return value


TYPE_VALUES = {issue_type.type_id: _type_value(issue_type) for issue_type in ISSUE_TYPES}


def _project_value(key: str, project_id: str, name: str) -> dict[str, Any]:
    return {
        "self": f"{SITE}/rest/api/3/project/{project_id}",
        "id": project_id,
        "key": key,
        "name": name,
        "projectTypeKey": "software",
        "simplified": key == "PARC",
        "style": "next-gen" if key == "PARC" else "classic",
        "isPrivate": False,
    }


PROJECT_VALUES = {key: _project_value(key, *named) for key, named in PROJECTS.items()}
PRIORITIES = {
    name: {"self": f"{SITE}/rest/api/3/priority/{n}", "iconUrl": f"{SITE}/images/icons/priorities/{name.lower()}.svg",
           "name": name, "id": str(n)}
    for n, name in enumerate(("Highest", "High", "Medium", "Low", "Lowest"), 1)
}  # fmt: skip
RESOLUTIONS = {
    name: {"self": f"{SITE}/rest/api/3/resolution/{n}", "id": str(n), "description": "", "name": name}
    for n, name in ((10000, "Done"), (10001, "Won't Do"))
}


@dataclass(frozen=True, slots=True)
class Relation:
    """A type of link between issues; `inward` is what the issue says that is blocked, related, ..."""

    type_id: str
    name: str
    inward: str
    outward: str

    @property
    def value(self) -> dict[str, Any]:
        """The type in Jira's shape."""
        return {"id": self.type_id, "name": self.name, "inward": self.inward, "outward": self.outward,
                "self": f"{SITE}/rest/api/3/issueLinkType/{self.type_id}"}  # fmt: skip


BLOCKS = Relation("10000", "Blocks", "is blocked by", "blocks")
RELATES = Relation("10003", "Relates", "relates to", "relates to")
POINTS, SPRINT, EPIC_LINK, FLAGGED, TEAM_FIELD = (
    "customfield_10016", "customfield_10020", "customfield_10014", "customfield_10021", "customfield_10001",
)  # fmt: skip
ANTICIPATED, ACTUAL, KEY_RESULT, COST_OF_DELAY, RANK = (
    "customfield_10061", "customfield_10062", "customfield_10063", "customfield_10064", "customfield_10019",
)  # fmt: skip
FOUND_IN, SEVERITY = "customfield_10065", "customfield_10066"
VERDICT, OUTCOME_TYPE = "customfield_10067", "customfield_10068"
KR_BASELINE, KR_TARGET, KR_VALUE = "customfield_10069", "customfield_10070", "customfield_10071"
KR_CONFIDENCE, KR_START, KR_END = "customfield_10072", "customfield_10073", "duedate"
TEAM_IDS = {"Storefront": "6f0f9c3e-1b7a-4d55-9a40-3f4f1b0c7a11", "Mobile": "2a7d1a9e-8c54-4f0b-b1de-90c2f1f7d522"}


def team_value(name: str | None) -> dict[str, Any] | None:
    """A value of the Team field."""
    if name is None:
        return None
    return {"id": TEAM_IDS[name], "name": name, "avatarUrl": "", "isVisible": True, "isVerified": False,
            "title": name, "isShared": True}  # fmt: skip


def _system(field_id: str, name: str, kind: str, items: str | None = None) -> dict[str, Any]:
    schema = {"type": kind, "system": field_id} | ({"items": items} if items else {})
    return {"id": field_id, "key": field_id, "name": name, "custom": False, "orderable": True, "navigable": True,
            "searchable": True, "clauseNames": [field_id], "schema": schema}  # fmt: skip


def _custom(field_id: str, name: str, kind: str, custom: str, items: str | None = None) -> dict[str, Any]:
    number = int(field_id.removeprefix("customfield_"))
    schema: dict[str, Any] = {"type": kind} | ({"items": items} if items else {})
    schema |= {"custom": custom, "customId": number}
    return _system(field_id, name, kind) | {
        "untranslatedName": name,
        "custom": True,
        "clauseNames": [f"cf[{number}]", name],
        "schema": schema,
    }


_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes"
_GREENHOPPER = "com.pyxis.greenhopper.jira"
FIELDS: tuple[dict[str, Any], ...] = (
    _system("summary", "Summary", "string"),
    _system("issuetype", "Issue Type", "issuetype"),
    _system("project", "Project", "project"),
    _system("status", "Status", "status"),
    _system("priority", "Priority", "priority"),
    _system("resolution", "Resolution", "resolution"),
    _system("resolutiondate", "Resolved", "datetime"),
    _system("created", "Created", "datetime"),
    _system("updated", "Updated", "datetime"),
    _system("labels", "Labels", "array", "string"),
    _system("components", "Components", "array", "component"),
    _system("assignee", "Assignee", "user"),
    _system("reporter", "Reporter", "user"),
    _system("creator", "Creator", "user"),
    _system("description", "Description", "string"),
    _system("issuelinks", "Linked Issues", "array", "issuelinks"),
    _system("subtasks", "Sub-tasks", "array", "issuelinks"),
    _system("fixVersions", "Fix versions", "array", "version"),
    {"id": "parent", "key": "parent", "name": "Parent", "custom": False, "orderable": False, "navigable": True,
     "searchable": False, "clauseNames": ["parent"]},
    _custom(TEAM_FIELD, "Team", "team", "com.atlassian.jira.plugin.system.customfieldtypes:atlassian-team"),
    _custom(EPIC_LINK, "Epic Link", "any", f"{_GREENHOPPER}:gh-epic-link"),
    _custom("customfield_10011", "Epic Name", "string", f"{_GREENHOPPER}:gh-epic-label"),
    _custom(POINTS, "Story point estimate", "number", f"{_GREENHOPPER}:jsw-story-points"),
    _custom("customfield_10028", "Story Points", "number", f"{_TYPES}:float"),
    _custom(RANK, "Rank", "any", f"{_GREENHOPPER}:gh-lexo-rank"),
    _custom(SPRINT, "Sprint", "array", f"{_GREENHOPPER}:gh-sprint", "json"),
    _custom(FLAGGED, "Flagged", "array", f"{_TYPES}:multicheckboxes", "option"),
    _custom(ANTICIPATED, "Anticipated Outcome", "string", f"{_TYPES}:textarea"),
    _custom(ACTUAL, "Actual Outcome", "string", f"{_TYPES}:textarea"),
    _custom(KEY_RESULT, "Key Result", "string", f"{_TYPES}:textfield"),
    _custom(COST_OF_DELAY, "Cost of Delay", "number", f"{_TYPES}:float"),
    _custom(FOUND_IN, "Found in", "option", f"{_TYPES}:select"),
    _custom(SEVERITY, "Severity", "option", f"{_TYPES}:select"),
    _custom(VERDICT, "Outcome Verdict", "option", f"{_TYPES}:select"),
    _custom(OUTCOME_TYPE, "Outcome Type", "option", f"{_TYPES}:select"),
    _system(KR_END, "Due date", "date"),
    _custom(KR_BASELINE, "Baseline", "number", f"{_TYPES}:float"),
    _custom(KR_TARGET, "Target", "number", f"{_TYPES}:float"),
    _custom(KR_VALUE, "Current value", "string", f"{_TYPES}:textfield"),
    _custom(KR_CONFIDENCE, "Confidence", "number", f"{_TYPES}:float"),
    _custom(KR_START, "Start date", "date", f"{_TYPES}:datepicker"),
)  # fmt: skip
FIELD_NAME = {field["id"]: field["name"] for field in FIELDS}
OPTIONS = {
    name: {"self": f"{SITE}/rest/api/3/customFieldOption/{n}", "value": name, "id": str(n)}
    for n, name in enumerate(
        ("Production", "Test", "Development", "Critical", "High", "Medium", "Low", "SEV1", "SEV2", "SEV3", "SEV4",
         "Achieved", "Erreicht", "Partly achieved", "Teilweise erreicht", "Not achieved", "No logrado", "Too early",
         "Not measurable", "Hooray", "Customer", "Business", "Platform", "Reliability", "Scalability", "Risk", "Cost",
         "Strategic"),
        10101,
    )
}  # fmt: skip
"""What can be chosen in the fields Found in, Severity, Outcome Verdict and Outcome Type."""


def change(
    field: str, field_id: str, old: tuple[str | None, str | None], new: tuple[str | None, str | None]
) -> dict[str, Any]:
    """A changelog item in Jira's shape; `old` and `new` are (id, text)."""
    kind = "custom" if field_id.startswith("customfield_") else "jira"
    return {"field": field, "fieldtype": kind, "fieldId": field_id, "from": old[0], "fromString": old[1],
            "to": new[0], "toString": new[1]}  # fmt: skip


def document(*paragraphs: str) -> dict[str, Any]:
    """Text as an Atlassian document."""
    return {"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": p}]} if p else {"type": "paragraph", "content": []}
        for p in paragraphs
    ]}  # fmt: skip


def sprint_value(sprint: dict[str, Any], at: int) -> dict[str, Any]:
    """A sprint as an issue's Sprint field shows it at a moment."""
    value = {"id": sprint["id"], "name": sprint["name"], "boardId": sprint["originBoardId"], "goal": sprint["goal"],
             "startDate": sprint["startDate"], "endDate": sprint["endDate"]}  # fmt: skip
    now = jira_time(at)
    if sprint.get("completeDate") and sprint["completeDate"] <= now:
        return value | {"state": "closed", "completeDate": sprint["completeDate"]}
    return value | {"state": "active" if sprint["activatedDate"] <= now else "future"}
