"""`flowlight check`: is the configuration right, do the credentials work, what would map to what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingestion.config import Config, ConfigError, OrganizationFilesConnection
from ingestion.errors import IngestionError, StopStream
from ingestion.load import Warehouse
from ingestion.sources.organization_files import read_organization
from ingestion.sync import check_connection, peek
from orchestration.errors import BAD_INPUT, OK
from orchestration.mapping import Rules
from orchestration.night import as_of_for, read_config, with_sandbox
from orchestration.sandbox_process import iso, stop_sandboxes
from orchestration.settings import Settings

WIDTH_WITHOUT_TERMINAL = 160
UNMAPPED = "[red]unmapped[/red]"


def run_check(settings: Settings, as_of: str | None, console: Console | None = None) -> int:
    """Print the whole check; the exit code: 0, or 2 where the configuration or a connection is wrong.

    What is unmapped is shown and counted, and is no error. Raises InputError with every problem of connections.yml.
    """
    console = console or printer()
    config = read_config(settings)
    console.print(f"configuration: {settings.config / 'connections.yml'}: {len(config.connections)} connections, fine")
    clock = as_of_for(config, as_of)
    problems: list[str] = []
    organization = _organization(config, problems)
    try:
        config = with_sandbox(settings, config, clock)
        rules = Rules(organization, clock.astimezone(config.organization.zone).date())
        _add_lists(config, clock, rules, problems, console)
    finally:
        stop_sandboxes()
    console.print(f"\nWhat would map to what, by the rules in force at {iso(clock)}:")
    unmapped = [
        _show_statuses(rules.statuses(), console),
        _show_types(rules.issue_types(), console),
        _show_repositories(rules.repositories(), console),
    ]
    _show_end(problems, [text for text in unmapped if text], console)
    return BAD_INPUT if problems else OK


def printer() -> Console:
    """A console that is wide enough for tables where the output is no terminal."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = WIDTH_WITHOUT_TERMINAL
    return console


def _organization(config: Config, problems: list[str]) -> Mapping[str, Sequence[Mapping[str, str | None]]]:
    """The organisation's rows by file; what is wrong with them goes to `problems`."""
    names = [connection.name for connection in config.connections]
    for connection in config.connections:
        if isinstance(connection, OrganizationFilesConnection):
            try:
                tables = read_organization(connection.path, connections=names)
            except ConfigError as error:
                problems.extend(str(error).splitlines())
            else:
                return {name: [row.values for row in rows] for name, rows in tables.items()}
    return {}


def _add_lists(config: Config, clock: datetime, rules: Rules, problems: list[str], console: Console) -> None:
    """Ask every system for its lists, after one cheap request that proves address and credentials."""
    readers: dict[str, Callable[[Any, Callable[[str], Iterable[dict[str, Any]]], Rules], str]] = {
        "jira": _add_jira,
        "github": _add_github,
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
                console.print(f"connection {connection.name}: signed in as {who}, sees {counts}")


def _add_jira(connection: Any, listed: Callable[[str], Iterable[dict[str, Any]]], rules: Rules) -> str:
    projects = list(listed("projects"))
    unseen = sorted({*connection.projects} - {p["key"] for p in projects} - {"*"})
    if unseen:
        seen = ", ".join(sorted(p["key"] for p in projects)[:20]) or "none"
        raise StopStream(
            f"project {', '.join(unseen)} cannot be seen; the account sees {seen}",
            "correct `projects` in connections.yml, or give the account the permission to browse them",
        )
    types = list(listed("issue_types"))
    statuses = list(listed("statuses"))
    name = connection.name
    rules.add("projects", [{"connection": name, "project_id": p["id"], "project": p["key"]} for p in projects])
    rules.add(
        "issue_types",
        [
            {"connection": name, "issue_type_id": t["id"], "issue_type": t["name"], "only_project_id": _scope(t)}
            for t in types
        ],
    )
    rules.add(
        "statuses",
        [
            {
                "connection": name,
                "status_id": s["id"],
                "status": s["name"],
                "category": (s.get("statusCategory") or {}).get("name"),
                "only_project_id": _scope(s),
            }
            for s in statuses
        ],
    )
    return f"{len(projects)} projects, {len(types)} issue types, {len(statuses)} statuses"


def _add_github(connection: Any, listed: Callable[[str], Iterable[dict[str, Any]]], rules: Rules) -> str:
    names = [repository["nameWithOwner"] for repository in listed("repositories")]
    rules.add("repositories", [{"connection": connection.name, "repository": repository} for repository in names])
    return f"{len(names)} repositories"


def _scope(record: Mapping[str, Any]) -> str | None:
    """The one project that a type or status of a team-managed project belongs to."""
    return ((record.get("scope") or {}).get("project") or {}).get("id")


def _show_statuses(rows: Sequence[Mapping[str, Any]], console: Console) -> str:
    table = _table("status", "category", "flow state", "stage", "where")
    by_status: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_status[(row["connection"], row["status_id"], row["status"], row["category"])].append(row)
    unmapped, partly = [], []
    for (connection, _, status, category), every in by_status.items():
        groups = _grouped(every, "flow_state", "stage")
        for (state, stage), some in groups:
            named = _plain(f"{connection}: {status}", category)
            table.add_row(*named, state or UNMAPPED, *_plain(stage, _where(some, every)))
            if state is None:
                (unmapped if len(groups) == 1 else partly).append(status)
    _print("statuses -> flow state", table, console)
    if partly:
        console.print(f"mapped for some projects or issue types only: {', '.join(partly)}", markup=False)
    return _unmapped("statuses", "status_mappings.csv", unmapped)


def _show_types(rows: Sequence[Mapping[str, Any]], console: Console) -> str:
    table = _table("issue type", "condition", "flow item type", "level", "where")
    by_type: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        condition = f"{row['condition_field']} = {row['condition_value']}" if row["condition_field"] else ""
        by_type[(row["connection"], row["issue_type"], condition)].append(row)
    unmapped = []
    for (connection, issue_type, condition), every in by_type.items():
        for (flow_item_type, level), some in _grouped(every, "flow_item_type", "item_level"):
            shown = flow_item_type or (UNMAPPED if level in (None, "flow_item", "initiative") else "")
            named = _plain(f"{connection}: {issue_type}", condition)
            table.add_row(*named, shown, *_plain(level, _where(some, every)))
            if shown == UNMAPPED:
                unmapped.append(f"{issue_type} ({_where(some, every)})")
    _print("issue types -> flow item type", table, console)
    return _unmapped("issue types", "type_mappings.csv", unmapped)


def _show_repositories(rows: Sequence[Mapping[str, Any]], console: Console) -> str:
    table = _table("repository", "service", "team")
    unmapped = []
    for row in rows:
        named, service, team = _plain(
            f"{row['connection']}: {row['repository']}",
            row["service_name"] or row["service_id"],
            row["team_name"] or row["team_id"],
        )
        table.add_row(named, service or UNMAPPED, team or UNMAPPED)
        if not service or not team:
            unmapped.append(row["repository"] if not service else f"{row['repository']} (no owner of {service})")
    _print("repositories -> service -> team", table, console)
    return _unmapped("repositories", "repository_services.csv or service_owners.csv", unmapped)


def _grouped(rows: Sequence[Mapping[str, Any]], *columns: str) -> list[tuple[tuple[Any, ...], list[Mapping[str, Any]]]]:
    """Rows by what they map to, the most common answer first."""
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[column] for column in columns)].append(row)
    return sorted(groups.items(), key=lambda group: -len(group[1]))


def _where(some: Sequence[Mapping[str, Any]], every: Sequence[Mapping[str, Any]]) -> str:
    """For which projects and issue types an answer holds: `everywhere`, `PAY`, `Bug`, `PAY/Bug, SHOP/Bug`."""
    if len(some) == len(every):
        return "everywhere"
    projects = {row["project"] for row in some}
    types = {row["issue_type"] for row in some}
    if len(some) == sum(row["project"] in projects for row in every):
        return ", ".join(sorted(projects))
    if len(some) == sum(row["issue_type"] in types for row in every):
        return ", ".join(sorted(types))
    places = sorted(f"{row['project']}/{row['issue_type']}" for row in some)
    return ", ".join(places[:6]) + (f" and {len(places) - 6} more" if len(places) > 6 else "")


def _unmapped(what: str, file: str, names: Sequence[str]) -> str:
    return f"{len(names)} {what} unmapped: {', '.join(names)}; add rows to {file}" if names else ""


def _plain(*texts: str | None) -> list[str]:
    """Texts for a table's cells, whatever brackets they hold."""
    return [escape(text or "") for text in texts]


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print(title: str, table: Table, console: Console) -> None:
    if table.row_count:
        console.print(f"\n{title}")
        console.print(table)


def _show_end(problems: Sequence[str], unmapped: Sequence[str], console: Console) -> None:
    for text in unmapped:
        console.print(text, markup=False, style="yellow")
    if not unmapped and not problems:
        console.print("everything is mapped")
    if problems:
        console.print("\nwrong:")
        for text in problems:
            console.print(text, markup=False, style="red")
