"""What would map to what: the organisation's rules evaluated over a system's own lists, without any data.

The rules are those of the dbt models (int_workflow_states, int_work_profile_types, int_repository_scopes,
int_incidents): dated rows, the most specific wins (connection 1, project 2, issue type 4, added up). A test holds
both to the same answers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import duckdb

RULE_COLUMNS: dict[str, tuple[str, ...]] = {
    "status_mappings": (
        *("connection", "project", "issue_type", "status"),
        *("flow_state", "stage", "stage_order", "is_blocked"),
    ),
    "type_mappings": (
        *("connection", "project", "issue_type", "condition_field", "condition_value"),
        *("flow_item_type", "item_level"),
    ),
    "repository_services": ("connection", "repository", "service_id"),
    "incident_services": ("connection", "tool_service", "service_id"),
    "service_owners": ("service_id", "team_id"),
    "services": ("service_id", "service_name"),
    "teams": ("team_id", "team_name"),
}
LIST_COLUMNS: dict[str, tuple[str, ...]] = {
    "projects": ("connection", "project_id", "project"),
    "issue_types": (
        *("connection", "issue_type_id", "issue_type", "hierarchy_level", "is_subtask", "only_project_id"),
    ),
    "statuses": ("connection", "status_id", "status", "category", "category_key", "only_project_id"),
    "repositories": ("connection", "repository"),
    "tool_services": ("connection", "tool_service_id", "tool_service"),
}

SPECIFICITY = """
    (rules.connection is not null)::int + 2 * (rules.project is not null)::int
    + 4 * (rules.issue_type is not null)::int
"""

STATUSES = f"""
with workflows as (
    select
        statuses.connection, projects.project, issue_types.issue_type_id, issue_types.issue_type,
        statuses.status_id, statuses.status, statuses.category, statuses.category_key, statuses.only_project_id
    from statuses
    inner join projects
        on statuses.connection = projects.connection
        and coalesce(statuses.only_project_id, projects.project_id) = projects.project_id
    inner join issue_types
        on statuses.connection = issue_types.connection
        and coalesce(issue_types.only_project_id, projects.project_id) = projects.project_id
)
select workflows.*, rules.flow_state, rules.stage, rules.stage_order, rules.is_blocked
from workflows
left join status_mappings as rules
    on (rules.connection is null or rules.connection = workflows.connection)
    and (rules.project is null or rules.project = workflows.project)
    and (
        rules.issue_type is null
        or lower(rules.issue_type) in (workflows.issue_type_id, lower(workflows.issue_type))
    )
    and lower(rules.status) in (workflows.status_id, lower(workflows.status))
qualify row_number() over (
    partition by workflows.connection, workflows.project, workflows.issue_type_id, workflows.status_id
    order by ({SPECIFICITY}) desc nulls last, rules.valid_from desc, rules.stage_order::int, rules.flow_state
) = 1
order by all
"""

TYPES = f"""
with kinds as (
    select
        issue_types.connection, projects.project, issue_types.issue_type_id, issue_types.issue_type,
        issue_types.hierarchy_level, issue_types.is_subtask, issue_types.only_project_id
    from issue_types
    inner join projects
        on issue_types.connection = projects.connection
        and coalesce(issue_types.only_project_id, projects.project_id) = projects.project_id
),
conditions as (
    select null as condition_field, null as condition_value
    union
    select condition_field, lower(condition_value) from type_mappings
)
select kinds.*, conditions.*, rules.flow_item_type, rules.item_level
from kinds
cross join conditions
left join type_mappings as rules
    on rules.condition_field is not distinct from conditions.condition_field
    and lower(rules.condition_value) is not distinct from conditions.condition_value
    and (rules.connection is null or rules.connection = kinds.connection)
    and (rules.project is null or rules.project = kinds.project)
    and (rules.issue_type is null or lower(rules.issue_type) in (kinds.issue_type_id, lower(kinds.issue_type)))
qualify
    row_number() over (
        partition by
            kinds.connection, kinds.project, kinds.issue_type_id,
            conditions.condition_field, conditions.condition_value
        order by ({SPECIFICITY}) desc nulls last, rules.valid_from desc, rules.item_level, rules.flow_item_type
    ) = 1
    and (conditions.condition_field is null or rules.item_level is not null)
order by all
"""

REPOSITORIES = """
with matches as (
    select
        repositories.connection, repositories.repository, rules.service_id,
        bool_or(lower(rules.repository) = lower(repositories.repository)) as is_exact
    from repositories
    left join repository_services as rules
        on (rules.connection is null or rules.connection = repositories.connection)
        and lower(repositories.repository) glob lower(rules.repository)
    group by all
),
most_specific as (
    select *
    from matches
    qualify is_exact or not coalesce(bool_or(is_exact) over (partition by connection, repository), false)
)
select
    most_specific.connection, most_specific.repository, most_specific.service_id, services.service_name,
    service_owners.team_id, teams.team_name
from most_specific
left join services on most_specific.service_id = services.service_id
left join service_owners on most_specific.service_id = service_owners.service_id
left join teams on service_owners.team_id = teams.team_id
order by all
"""

TOOL_SERVICES = """
select
    tool_services.connection, tool_services.tool_service, rules.service_id, services.service_name,
    service_owners.team_id, teams.team_name
from tool_services
left join incident_services as rules
    on (rules.connection is null or rules.connection = tool_services.connection)
    and lower(rules.tool_service) in (lower(tool_services.tool_service_id), lower(tool_services.tool_service))
left join services on rules.service_id = services.service_id
left join service_owners on rules.service_id = service_owners.service_id
left join teams on service_owners.team_id = teams.team_id
qualify row_number() over (
    partition by tool_services.connection, tool_services.tool_service_id
    order by
        rules.connection nulls last,
        case when lower(rules.tool_service) = lower(tool_services.tool_service_id) then 0 else 1 end
) = 1
order by all
"""


class Rules:
    """The organisation's rules as in force on a day."""

    def __init__(self, organization: Mapping[str, Sequence[Mapping[str, str | None]]], on: date) -> None:
        self._connection = duckdb.connect()
        for table, columns in RULE_COLUMNS.items():
            rows = [
                row
                for row in organization.get(table, ())
                if (row.get("valid_from") or "0001-01-01") <= on.isoformat() < (row.get("valid_to") or "9999-12-31")
            ]
            self._fill(table, (*columns, "valid_from"), rows)
        for table, columns in LIST_COLUMNS.items():
            self._fill(table, columns, [])

    def add(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add what a system lists: projects, statuses, repositories and so on (tables and columns: LIST_COLUMNS)."""
        self._insert(table, LIST_COLUMNS[table], rows)

    def add_unlisted(self, statuses: Sequence[Mapping[str, Any]]) -> None:
        """Add statuses that only the history knows: connection, project (one it occurred in), status_id, status.

        One that occurred in a single project is asked there only.
        """
        found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for row in statuses:
            found.setdefault((row["connection"], row["status_id"]), []).append(row)
        projects = self._connection.execute("select connection, project, project_id from projects").fetchall()
        ids = {(connection, project): project_id for connection, project, project_id in projects}
        rows = []
        for every in found.values():
            only = ids.get((every[0]["connection"], every[0]["project"])) if len(every) == 1 else None
            rows.append({**every[0], "category": "no longer listed", "only_project_id": only})
        self.add("statuses", rows)

    def statuses(self) -> list[dict[str, Any]]:
        """Per connection, project, issue type and status: flow_state, stage, stage_order and is_blocked ('yes').

        All of them None where unmapped.
        """
        return self._rows(STATUSES)

    def issue_types(self) -> list[dict[str, Any]]:
        """Per connection, project and issue type (and condition, if a rule has one): flow_item_type and item_level."""
        return self._rows(TYPES)

    def repositories(self) -> list[dict[str, Any]]:
        """Per repository and service of it: service and owning team, None where unmapped."""
        return self._rows(REPOSITORIES)

    def tool_services(self) -> list[dict[str, Any]]:
        """Per service of an incident tool: our service and its owning team, None where unmapped."""
        return self._rows(TOOL_SERVICES)

    def _fill(self, table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        self._connection.execute(f"create table {table} ({', '.join(f'{column} varchar' for column in columns)})")
        self._insert(table, columns, rows)

    def _insert(self, table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            values = [{column: row.get(column) for column in columns} for row in rows]
            shape = json.dumps([dict.fromkeys(columns, "VARCHAR")])
            self._connection.execute(
                f"insert into {table} select unnest(from_json($1, $2), recursive := true)", [json.dumps(values), shape]
            )

    def _rows(self, query: str) -> list[dict[str, Any]]:
        cursor = self._connection.execute(query)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
