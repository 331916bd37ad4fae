"""`flowlight check`: is the configuration right, do the credentials work, what would map to what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from ingestion.config import Config, ConfigError, OrganizationFilesConnection
from ingestion.errors import IngestionError, StopStream
from ingestion.load import Warehouse
from ingestion.sources.jira_scope import in_scope
from ingestion.sources.organization_files import read_organization
from ingestion.sync import check_connection, peek
from orchestration import defect_rules
from orchestration.check_output import (
    Preview,
    printer,
    show_changes,
    show_owned,
    show_statuses,
    show_types,
    show_unmapped,
    show_waiting_proposals,
)
from orchestration.deployment_rules import Matched, matched, show_deployment_rules, unread_workflows
from orchestration.errors import BAD_INPUT, OK
from orchestration.last_night import NotThere, last_night
from orchestration.mapping import Rules
from orchestration.night import as_of_for, read_config, with_sandbox
from orchestration.rule_changes import preview
from orchestration.sandbox_process import iso, stop_sandboxes
from orchestration.settings import Settings
from orchestration.unmapped import Unmapped, counted, unmapped_statuses, unmapped_types, vendor_count, with_lines


def run_check(settings: Settings, as_of: str | None, console: Console | None = None) -> int:
    """Print the whole check; the exit code: 0, or 2 where the configuration or a connection is wrong.

    What is unmapped is shown and counted, and is no error. Raises InputError with every problem of connections.yml.
    """
    console = console or printer()
    config = read_config(settings)
    console.print(f"configuration: {settings.config / 'connections.yml'}: {len(config.connections)} connections, fine")
    clock = as_of_for(config, as_of)
    problems: list[str] = []
    folder, organization = _organization(config, problems)
    zone = config.organization.zone
    try:
        config = with_sandbox(settings, config, clock)
        rules = Rules(organization, clock.astimezone(zone).date())
        _add_lists(config, clock, rules, problems, console)
        missing, changes = _look_back(settings, config, rules, organization)
    finally:
        stop_sandboxes()
    console.print(f"\nWhat would map to what, by the rules in force at {iso(clock)}:")
    show_statuses(rules.statuses(), console)
    show_types(rules.issue_types(), console)
    without_service = [
        *show_owned("repository", rules.repositories(), "repository_services.csv", console),
        *show_owned("tool_service", rules.tool_services(), "incident_services.csv", console),
    ]
    found, today = _deployments(settings), clock.astimezone(zone).date()
    show_deployment_rules(organization, today, found, console)
    github = [connection for connection in config.connections if connection.type == "github"]
    unread = unread_workflows(organization.get("deployment_rules", ()), today, github, found)
    defects = _defects(settings)
    defect_rules.show_defect_rules(organization.get("defect_rules", ()), today, defects, console)
    unknown = defect_rules.unknown_words(defects)
    show_changes(changes, zone, console)
    show_unmapped(with_lines(missing, folder, organization), folder, console)
    for text in (*without_service, *unread, *unknown):
        console.print(text, markup=False, style="yellow")
    show_waiting_proposals(folder, console)
    if not (missing or without_service or unread or unknown or problems):
        console.print("everything is mapped")
    for text in ["\nwrong:", *problems] if problems else []:
        console.print(text, markup=False, style="red")
    return BAD_INPUT if problems else OK


def _look_back(
    settings: Settings, config: Config, rules: Rules, organization: Mapping[str, Sequence[Mapping[str, Any]]]
) -> tuple[list[Unmapped], Preview]:
    """What is unmapped, with its items, and what changed rules would do; by the last night where there is one."""
    try:
        with last_night(settings) as night:
            rules.add_unlisted(night.unlisted_statuses())
            changes = preview(night, organization, config.organization.zone) if organization else []
            return counted(_unmapped(rules), night), Preview(changes, night.as_of)
    except NotThere as reason:

        def ask(connection: str, jql: str) -> int | None:
            return vendor_count(config.connection(connection), jql)

        return counted(_unmapped(rules), None, ask), Preview(reason=str(reason))


def _deployments(settings: Settings) -> Matched | None:
    """What the deployment rules matched, where a night tells."""
    try:
        with last_night(settings) as night:
            return matched(night)
    except NotThere:
        return None


def _defects(settings: Settings) -> defect_rules.Matched | None:
    """What the defect rules matched, where a night tells."""
    try:
        with last_night(settings) as night:
            return defect_rules.matched(night)
    except NotThere:
        return None


def _unmapped(rules: Rules) -> list[Unmapped]:
    return [*unmapped_statuses(rules.statuses()), *unmapped_types(rules.issue_types())]


def _organization(config: Config, problems: list[str]) -> tuple[Path, dict[str, list[dict[str, Any]]]]:
    """The organisation's folder, and its rows by file with their `_line`; what is wrong goes to `problems`."""
    names = [connection.name for connection in config.connections]
    for connection in config.connections:
        if isinstance(connection, OrganizationFilesConnection):
            try:
                tables = read_organization(connection.path, connections=names)
            except ConfigError as error:
                problems.extend(str(error).splitlines())
                return connection.path, {}
            else:
                rows = {name: [{**row.values, "_line": row.line} for row in found] for name, found in tables.items()}
                return connection.path, rows
    return config.folder / "organization", {}


def _add_lists(config: Config, clock: datetime, rules: Rules, problems: list[str], console: Console) -> None:
    """Ask every system for its lists, after one cheap request that proves address and credentials."""
    readers: dict[str, Callable[[Any, Callable[[str], Iterable[dict[str, Any]]], Rules], str]] = {
        "jira": _add_jira,
        "github": _add_github,
        "pagerduty": _add_pagerduty,
    }
    with Warehouse(Path(":memory:")) as warehouse:
        warehouse.ensure_tables()
        for connection in config.connections:
            if connection.type not in readers:
                continue

            def listed(stream: str, connection: Any = connection) -> Iterable[dict[str, Any]]:
                return peek(connection, stream, config=config, warehouse=warehouse, as_of=clock)

            try:
                who = check_connection(connection)
                counts = readers[connection.type](connection, listed, rules)
            except IngestionError as error:
                cure = f"; {error.cure}" if error.cure else ""
                problems.append(f"{connection.name}: {error.error}{cure}")
                console.print(f"connection {connection.name}: [red]failed[/red]")
            else:
                name = f" as {who}" if who else ""
                console.print(f"connection {connection.name}: signed in{name}, sees {counts}")


def _add_jira(connection: Any, listed: Callable[[str], Iterable[dict[str, Any]]], rules: Rules) -> str:
    projects = list(listed("projects"))
    unseen = sorted({*connection.projects} - {p["key"] for p in projects} - {"*"})
    if unseen:
        seen = ", ".join(sorted(p["key"] for p in projects)[:20]) or "none"
        raise StopStream(
            f"project {', '.join(unseen)} cannot be seen; the account sees {seen}",
            "correct `projects` in connections.yml, or give the account the permission to browse them",
        )
    lists = jira_lists(connection, projects, listed("issue_types"), listed("statuses"))
    for table, rows in lists.items():
        rules.add(table, rows)
    return f"{len(projects)} projects, {len(lists['issue_types'])} issue types, {len(lists['statuses'])} statuses"


def jira_lists(
    connection: Any,
    projects: Iterable[Mapping[str, Any]],
    issue_types: Iterable[Mapping[str, Any]],
    statuses: Iterable[Mapping[str, Any]],
) -> dict[str, list[dict[str, Any]]]:
    """Jira's payloads as rows for `Rules.add`, by table; of the projects those that the connection reads."""
    name = connection.name
    return {
        "projects": [
            {"connection": name, "project_id": record["id"], "project": record["key"]}
            for record in projects
            if in_scope(connection, record["key"])
        ],
        "issue_types": [
            {
                "connection": name,
                "issue_type_id": record["id"],
                "issue_type": record["name"],
                "hierarchy_level": record.get("hierarchyLevel"),
                "is_subtask": record.get("subtask"),
                "only_project_id": _scope(record),
            }
            for record in issue_types
        ],
        "statuses": [
            {
                "connection": name,
                "status_id": record["id"],
                "status": record["name"],
                "category": (record.get("statusCategory") or {}).get("name"),
                "category_key": (record.get("statusCategory") or {}).get("key"),
                "only_project_id": _scope(record),
            }
            for record in statuses
        ],
    }


def _add_github(connection: Any, listed: Callable[[str], Iterable[dict[str, Any]]], rules: Rules) -> str:
    names = [repository["nameWithOwner"] for repository in listed("repositories")]
    rules.add("repositories", [{"connection": connection.name, "repository": repository} for repository in names])
    return f"{len(names)} repositories"


def _add_pagerduty(connection: Any, listed: Callable[[str], Iterable[dict[str, Any]]], rules: Rules) -> str:
    services = [
        {"connection": connection.name, "tool_service_id": record["id"], "tool_service": record["name"]}
        for record in listed("services")
    ]
    rules.add("tool_services", services)
    return f"{len(services)} services"


def _scope(record: Mapping[str, Any]) -> str | None:
    """The one project that a type or status of a team-managed project belongs to."""
    return ((record.get("scope") or {}).get("project") or {}).get("id")
