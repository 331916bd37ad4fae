"""The organisation files as data: every CSV with its columns, keys, references and the kind of history it keeps.

Dates are half-open [valid_from, valid_to): a blank valid_from is the beginning of time, a blank valid_to is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "id", "date", "month", "number", "amount", "integer", "weight", "currency"]
# none: no dates. single: at most one row of a key per day. continuous: exactly one on each day from the key's first to
# its last. weights: as single, and the weights of the key's first column sum to 1 on each such day.
History = Literal["none", "single", "continuous", "weights"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `references` names a table whose key it must be in; `default` is what a blank lands as."""

    name: str
    description: str
    kind: Kind = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    references: str | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One file `<name>.csv`. `key` identifies what a row is about (without its dates)."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    history: History = "none"
    required: bool = False

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that no two rows may share."""
        return (*self.key, "valid_from") if self.column("valid_from") else self.key


VALIDITY = (
    Column("valid_from", "First day it holds; blank = since the beginning of time", "date"),
    Column("valid_to", "First day it no longer holds; blank = open", "date"),
)
TEAM = Column("team_id", "The team", "id", required=True, references="teams")
SERVICE = Column("service_id", "The service", "id", required=True, references="services")
CONNECTION = Column("connection", "Name in connections.yml; blank = any", references="connections")
PROJECT = Column("project", "Project key; blank = any")
ISSUE_TYPE = Column("issue_type", "Issue type, id or name; blank = any")
WEIGHT = Column("weight", "Share, above 0 and at most 1; blank = 1", "weight", default="1")

TABLES: tuple[Table, ...] = (
    Table(
        "teams",
        "Teams; a row for each name a team has had",
        (
            Column("team_id", "Short id that never changes", "id", required=True),
            Column("team_name", "Name as published", required=True),
            *VALIDITY,
        ),
        key=("team_id",),
        history="continuous",
        required=True,
    ),
    Table(
        "value_streams",
        "Value streams (product domains); a row for each name one has had",
        (
            Column("value_stream_id", "Short id that never changes", "id", required=True),
            Column("value_stream_name", "Name as published", required=True),
            *VALIDITY,
        ),
        key=("value_stream_id",),
        history="continuous",
        required=True,
    ),
    Table(
        "team_value_streams",
        "Which value stream a team works for; the weights of a team sum to 1 on each day",
        (
            TEAM,
            Column("value_stream_id", "The value stream", "id", required=True, references="value_streams"),
            WEIGHT,
            *VALIDITY,
        ),
        key=("team_id", "value_stream_id"),
        history="weights",
        required=True,
    ),
    Table(
        "operating_models",
        "How a team is led",
        (
            TEAM,
            Column("operating_model", "How it is led", required=True, choices=("em_led", "self_managed", "hybrid")),
            *VALIDITY,
        ),
        key=("team_id",),
        history="continuous",
    ),
    Table(
        "memberships",
        "Who is in which team; member_id is any stable id and lands only as a salted hash",
        (
            Column("member_id", "Any stable id of the person; never stored as it is", required=True),
            TEAM,
            Column("role", "Role in the team"),
            *VALIDITY,
        ),
        key=("member_id", "team_id"),
        history="single",
    ),
    Table(
        "services",
        "Services that are deployed; a row for each name one has had",
        (
            Column("service_id", "Short id that never changes", "id", required=True),
            Column("service_name", "Name as published", required=True),
            Column(
                "incident_window_hours",
                "How long after a deployment an incident is put down to it, if nothing says more; blank = 24",
                "integer",
            ),
            *VALIDITY,
        ),
        key=("service_id",),
        history="continuous",
    ),
    Table(
        "service_owners",
        "The one team that owns a service",
        (SERVICE, TEAM, *VALIDITY),
        key=("service_id",),
        history="continuous",
    ),
    Table(
        "repository_services",
        "Which services a repository holds; of a repository of several, which of them a change belongs to",
        (
            CONNECTION,
            Column("repository", "owner/name, or a glob such as acme/pay-*", required=True),
            SERVICE,
            Column(
                "condition_field",
                "What of a change is compared; blank = nothing: the service has all of it, or what no condition fits",
                choices=("path", "label"),
            ),
            Column(
                "condition_value",
                "path: a path that it touches, or a glob as in .gitignore, such as services/cart/; label: one that its "
                "pull request has, or a glob",
            ),
            *VALIDITY,
        ),
        key=("connection", "repository", "service_id", "condition_field", "condition_value"),
        history="single",
    ),
    Table(
        "deployment_rules",
        "What a deployment to production is; on each day one method a service",
        (
            Column("service_id", "The service; blank = any that has no row of its own", "id", references="services"),
            Column(
                "method",
                "What shows it: records of deployments (GitHub's, the inbox'), a workflow's runs, a release, a tag, "
                "or a merge to the default branch; blank = deployments",
                choices=("deployments", "workflow", "release", "tag", "merge"),
                default="deployments",
            ),
            Column("environment_pattern", "deployments: environment, or a glob such as production*"),
            Column("workflow_pattern", "workflow: its name or its file's name, or a glob such as deploy*"),
            Column("job_pattern", "workflow: the jobs that change production; blank = the whole run"),
            Column("tag_pattern", "release, tag: the tag, or a glob such as v*; blank = any release"),
            *VALIDITY,
        ),
        key=("service_id", "method", "environment_pattern", "workflow_pattern", "job_pattern", "tag_pattern"),
        history="single",
    ),
    Table(
        "repair_rules",
        "Which changes repair production; what git and GitHub themselves call a revert always is one",
        (
            CONNECTION,
            Column("kind", "What such a change is", required=True, choices=("hotfix", "revert")),
            Column("field", "What of it is compared", required=True, choices=("branch", "label", "title")),
            Column("pattern", "What it must be, or a glob such as hotfix/*; case does not matter", required=True),
            *VALIDITY,
        ),
        key=("connection", "kind", "field", "pattern"),
        history="single",
    ),
    Table(
        "generated_files",
        "Which files nobody writes by hand; they are left out of the size of a change",
        (
            CONNECTION,
            Column("repository", "owner/name, or a glob such as acme/pay-*; blank = any"),
            Column("pattern", "Path, or a glob as in .gitignore, such as *.lock, vendor/ or /web/dist", required=True),
            Column(
                "is_generated",
                "Whether such files are; no takes back what other rows say",
                required=True,
                choices=("yes", "no"),
            ),
            *VALIDITY,
        ),
        key=("connection", "repository", "pattern"),
        history="single",
    ),
    Table(
        "incident_services",
        "Which of your services a service of an incident tool watches",
        (
            CONNECTION,
            Column(
                "tool_service",
                "The tool's service, id or name; of a tracker a component, label or project key",
                required=True,
            ),
            SERVICE,
            *VALIDITY,
        ),
        key=("connection", "tool_service"),
        history="single",
    ),
    Table(
        "incident_severities",
        "Which severities of an incident tool are no incidents; what is not named is one",
        (
            CONNECTION,
            Column("severity", "Severity or priority, as the tool names it", required=True),
            Column("is_incident", "Whether it counts", required=True, choices=("yes", "no")),
            *VALIDITY,
        ),
        key=("connection", "severity"),
        history="single",
    ),
    Table(
        "security_severities",
        "Limits of security findings, and which count; a severity that is not named counts and has no limit",
        (
            Column(
                "severity",
                "Severity of the finding",
                required=True,
                choices=("critical", "high", "medium", "low", "info"),
            ),
            Column("tracker_words", "What severities or priorities of the tracker mean it too, separated by ;"),
            Column("sla_days", "Days from when it was first found; blank = no limit", "integer"),
            Column("is_counted", "Whether it counts in the metrics", required=True, choices=("yes", "no")),
            *VALIDITY,
        ),
        key=("severity",),
        history="single",
    ),
    Table(
        "work_rules",
        "Which team an item belongs to: the first rule_order that matches; several rows of one order share by weight",
        (
            Column("rule_order", "Position; the lowest that matches wins", "integer", required=True),
            CONNECTION,
            PROJECT,
            Column(
                "field",
                "What of the item is compared",
                required=True,
                choices=("project", "component", "label", "team", "epic", "issue_type", "board"),
            ),
            Column("value", "What it must be; for a board its name or id: items in a sprint of it", required=True),
            Column("team_id", "The team", "id", references="teams"),
            Column(
                "value_stream_id",
                "Value stream of the item itself; blank = its team's",
                "id",
                references="value_streams",
            ),
            WEIGHT,
            *VALIDITY,
        ),
        key=("rule_order", "connection", "project", "field", "value", "team_id", "value_stream_id"),
        history="single",
        required=True,
    ),
    Table(
        "status_mappings",
        "What each status means; the most specific row wins",
        (
            CONNECTION,
            PROJECT,
            ISSUE_TYPE,
            Column("status", "Status, id or name", required=True),
            Column(
                "flow_state",
                "What it means for flow",
                required=True,
                choices=("new", "waiting", "active", "done", "cancelled", "ignore"),
            ),
            Column("stage", "Stage it belongs to (analysis, development, review, test, release, ...)"),
            Column("stage_order", "Position of the stage", "integer"),
            Column("is_blocked", "Whether work in it is blocked; blank = no", choices=("yes", "no")),
            *VALIDITY,
        ),
        key=("connection", "project", "issue_type", "status"),
        history="single",
        required=True,
    ),
    Table(
        "type_mappings",
        "What each issue type means; the most specific row wins",
        (
            CONNECTION,
            PROJECT,
            ISSUE_TYPE,
            Column(
                "condition_field",
                "A further condition on the item; blank = none",
                choices=("label", "component", "board"),
            ),
            Column("condition_value", "What the condition's field must hold; for a board its name or id"),
            Column("flow_item_type", "Flow item type", choices=("feature", "defect", "risk", "debt")),
            Column(
                "item_level",
                "Level in the hierarchy; blank = flow_item",
                choices=("flow_item", "initiative", "subtask", "ignore"),
                default="flow_item",
            ),
            *VALIDITY,
        ),
        key=("connection", "project", "issue_type", "condition_field", "condition_value"),
        history="single",
        required=True,
    ),
    Table(
        "unplanned_rules",
        "Which started items are unplanned work; items added to a sprint that had already started always are",
        (
            CONNECTION,
            PROJECT,
            Column(
                "field",
                "What of the item is compared",
                required=True,
                choices=("label", "issue_type", "component", "priority"),
            ),
            Column("value", "What it must be when the item starts; an issue type: id or name", required=True),
            *VALIDITY,
        ),
        key=("connection", "project", "field", "value"),
        history="single",
    ),
    Table(
        "defect_rules",
        "Which items are incidents, security defects or defects that escaped to production; of the rows of one kind in "
        "force when the item was created, the most specific wins",
        (
            Column("kind", "What the item is", required=True, choices=("incident", "security", "escaped")),
            CONNECTION,
            PROJECT,
            ISSUE_TYPE,
            Column(
                "condition_field",
                "A further condition on the item; blank = none",
                choices=("label", "component", "priority", "severity", "found_in"),
            ),
            Column("condition_value", "What the condition's field must hold, as last known"),
            Column("severity", "How bad it is; blank = the item's severity field, else its priority"),
            *VALIDITY,
        ),
        key=("kind", "connection", "project", "issue_type", "condition_field", "condition_value"),
        history="single",
    ),
    Table(
        "bots",
        "Accounts that are no people",
        (
            Column("pattern", "Login, or a glob such as *[bot]", required=True),
            Column("note", "Why"),
        ),
        key=("pattern",),
    ),
    Table(
        "key_results",
        "Objectives and key results",
        (
            Column("key_result_id", "Id as written in the tracker", required=True),
            Column("key_result_name", "Name", required=True),
            Column("objective_id", "Id of the objective", required=True),
            Column("objective_name", "Name of the objective", required=True),
            Column("scope_type", "Whose it is", required=True, choices=("team", "value_stream", "organization")),
            Column("scope_id", "Id of the team or value stream; blank for the organisation"),
            Column("baseline", "Value at the start", "number", required=True),
            Column("target", "Value to reach", "number", required=True),
            Column("unit", "Unit of the values"),
            Column("starts_on", "First day", "date", required=True),
            Column("ends_on", "Day by which it is to be reached", "date", required=True),
            *VALIDITY,
        ),
        key=("key_result_id",),
        history="single",
    ),
    Table(
        "team_costs",
        "What a team costs in a month",
        (
            TEAM,
            Column("month", "First day of the month", "month", required=True),
            Column("amount", "Cost", "amount", required=True),
            Column("currency", "ISO 4217 code such as EUR; one for all rows", "currency", required=True),
        ),
        key=("team_id", "month"),
    ),
    Table(
        "calendar",
        "Days without work",
        (
            Column("date", "The day", "date", required=True),
            Column("kind", "What it is", required=True, choices=("holiday", "freeze")),
            Column("name", "Its name"),
        ),
        key=("date", "kind"),
    ),
)

# ids that name scopes of their own and therefore no team or value stream
RESERVED_IDS = ("organization", "small_teams", "unassigned")
