"""`flowlight init --propose`: a first mapping of a tracker's statuses and issue types, from the tracker itself.

It is written beside the organisation's files as `status_mappings.csv.proposed` and `type_mappings.csv.proposed`, which
nothing reads: a person corrects and renames them. Every row is valid from the beginning of time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from ingestion.config import Config, OrganizationFilesConnection
from ingestion.errors import IngestionError
from ingestion.load import Warehouse
from ingestion.sources.organization_tables import TABLES
from ingestion.sync import peek
from orchestration.check import jira_lists
from orchestration.check_output import PROPOSED, new_table, plain, print_table, printer
from orchestration.errors import InputError
from orchestration.night import as_of_for, read_config, with_sandbox
from orchestration.proposals import (
    USUAL_ORDERS,
    Meaning,
    csv_line,
    meaning_by_name,
    meanings_by_board,
    orders_in_use,
    type_cells,
)
from orchestration.sandbox_process import stop_sandboxes
from orchestration.settings import Settings, write_atomically

Cells = dict[str, str]
Rows = list[tuple[Cells, str]]


def propose_mappings(settings: Settings, console: Console | None = None) -> list[Path]:
    """Ask every Jira of connections.yml, print and write the proposals; the files written.

    Raises InputError with every problem of connections.yml, where it names no Jira, where one cannot be read, and where
    the organisation's folder cannot be written.
    """
    console = console or printer()
    config = read_config(settings)
    folder = next(
        (each.path for each in config.connections if isinstance(each, OrganizationFilesConnection)),
        config.folder / "organization",
    )
    names = [connection.name for connection in config.connections if connection.type == "jira"]
    if not names:
        raise InputError(
            f"{config.folder / 'connections.yml'}: no connection is of type jira, so there is nothing to propose from; "
            "write the rows of status_mappings.csv and type_mappings.csv by hand"
        )
    clock = as_of_for(config, None)
    statuses: Rows = []
    types: Rows = []
    try:
        config = with_sandbox(settings, config, clock)
        for name in names:
            found = _proposed(config, name, clock, console)
            statuses += found[0]
            types += found[1]
    finally:
        stop_sandboxes()
    return [
        _write(folder, "status_mappings", statuses, ("flow_state", "stage", "stage_order", "is_blocked"), console),
        _write(folder, "type_mappings", types, ("flow_item_type", "item_level"), console),
    ]


def _proposed(config: Config, name: str, clock: datetime, console: Console) -> tuple[Rows, Rows]:
    """The rows of status_mappings and of type_mappings for one Jira, each with what it went by."""
    connection = config.connection(name)
    with Warehouse(Path(":memory:")) as warehouse:
        warehouse.ensure_tables()

        def listed(stream: str) -> list[dict[str, Any]]:
            return list(peek(connection, stream, config=config, warehouse=warehouse, as_of=clock))

        try:
            projects = listed("projects")
            lists = jira_lists(connection, projects, listed("issue_types"), listed("statuses"))
        except IngestionError as error:
            cure = f"; {error.cure}" if error.cure else ""
            raise InputError(f"connection {name}: {error.error}{cure}") from None
        try:
            _keep(warehouse, name, "projects", projects)
            configurations = list(_configurations(listed, warehouse, name))
        except IngestionError as error:
            console.print(f"connection {name}: no boards ({error.error}); only categories and names are used")
            configurations = []
    keys = {row["project_id"]: row["project"] for row in lists["projects"]}
    boards = _board_by_project(configurations, set(keys.values()))
    console.print(f"connection {name}: {len(lists['statuses'])} statuses, {len(boards)} projects with a board")
    return (
        _status_rows(name, lists["statuses"], boards, keys),
        _type_rows(name, lists["issue_types"], keys),
    )


def _configurations(listed: Any, warehouse: Warehouse, name: str) -> Iterator[dict[str, Any]]:
    """Every board's configuration with the board's project as `project`; a board that refuses is left out."""
    for board in listed("boards"):
        project = (board.get("location") or {}).get("projectKey")
        _keep(warehouse, name, "boards", [board])
        try:
            for found in listed("board_configurations"):
                if project and (found.get("columnConfig") or {}).get("columns"):
                    yield {**found, "project": project}
        except IngestionError:
            continue


def _keep(warehouse: Warehouse, connection: str, stream: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Put records where the streams that follow look for them, in the place of those that were there."""
    warehouse.query(f"delete from raw_jira.{stream}")
    for record in records:
        warehouse.query(
            f"insert into raw_jira.{stream} (connection, id, fetched_at, payload, load_id) "
            "values ($1, $2, timestamp '0001-01-01', $3, 0)",
            [connection, str(record["id"]), json.dumps(record)],
        )


def _board_by_project(configurations: Sequence[Mapping[str, Any]], projects: set[str]) -> dict[str, Mapping[str, Any]]:
    """Each project's board, the oldest first; of several of a project the one with the most columns."""
    found: dict[str, Mapping[str, Any]] = {}
    for each in sorted(configurations, key=lambda board: (-len(board["columnConfig"]["columns"]), board["id"])):
        if each["project"] in projects:
            found.setdefault(each["project"], each)
    return dict(sorted(found.items(), key=lambda pair: pair[1]["id"]))


def _status_rows(
    name: str, statuses: Sequence[Mapping[str, Any]], boards: Mapping[str, Mapping[str, Any]], keys: Mapping[str, str]
) -> Rows:
    """For each status what most boards say, and a row more for each project whose board says something else."""
    known = {row["status_id"]: {"name": row["status"], "category": row["category_key"]} for row in statuses}
    by_board = {project: meanings_by_board(board, known) for project, board in boards.items()}
    everywhere: list[tuple[Mapping[str, Any], Meaning]] = []
    in_project: list[tuple[Mapping[str, Any], str, Meaning]] = []
    off_board: list[Mapping[str, Any]] = []
    for row in statuses:
        only = keys.get(row["only_project_id"] or "")
        said = {
            project: meanings[row["status_id"]]
            for project, meanings in by_board.items()
            if row["status_id"] in meanings
        }
        if row["only_project_id"] and only is None:
            continue  # of a project that is not read
        if not said:
            off_board.append(row)
        elif only is not None:
            in_project += [(row, only, said[only])] if only in said else []
        else:
            usual = Counter(json.dumps(meaning.cells()) for meaning in said.values()).most_common(1)[0][0]
            everywhere.append((row, next(m for m in said.values() if json.dumps(m.cells()) == usual)))
            in_project += [(row, key, m) for key, m in sorted(said.items()) if json.dumps(m.cells()) != usual]
    orders = orders_in_use(meaning.cells() for _, meaning in everywhere) or USUAL_ORDERS
    for row in off_board:
        only = keys.get(row["only_project_id"] or "")
        meaning = meaning_by_name(row["status"], row["category_key"], orders)
        (everywhere.append((row, meaning)) if only is None else in_project.append((row, only, meaning)))
    usual_cells = {row["status"].casefold(): meaning.cells() for row, meaning in everywhere}
    rows: Rows = []
    for row, meaning in sorted(everywhere, key=lambda pair: _position(pair[1])):
        rows.append(({"connection": name, "status": row["status"], **meaning.cells()}, meaning.because))
    for row, project, meaning in sorted(in_project, key=lambda triple: (triple[1], *_position(triple[2]))):
        if meaning.cells() != usual_cells.get(row["status"].casefold()):
            cells = {"connection": name, "project": project, "status": row["status"], **meaning.cells()}
            rows.append((cells, meaning.because))
    return _once(rows, ("project", "status"))


def _position(meaning: Meaning) -> tuple[bool, bool, int]:
    """Stages in their order, then what has none, cancelled last."""
    return meaning.flow_state == "cancelled", meaning.stage_order is None, meaning.stage_order or 0


def _type_rows(name: str, types: Sequence[Mapping[str, Any]], keys: Mapping[str, str]) -> Rows:
    """A row for each issue type; one of a team-managed project only where it differs from the type of that name."""
    rows: Rows = []
    usual: dict[str, Cells] = {}
    for row in sorted(types, key=lambda row: row["only_project_id"] is not None):
        cells, because = type_cells(row["issue_type"], row["hierarchy_level"], row["is_subtask"])
        if row["only_project_id"] is None:
            usual[row["issue_type"].casefold()] = cells
            rows.append(({"connection": name, "issue_type": row["issue_type"], **cells}, because))
        elif row["only_project_id"] in keys and usual.get(row["issue_type"].casefold()) != cells:
            project = keys[row["only_project_id"]]
            rows.append(({"connection": name, "project": project, "issue_type": row["issue_type"], **cells}, because))
    return _once(rows, ("project", "issue_type"))


def _once(rows: Rows, columns: Sequence[str]) -> Rows:
    """The first row of each key: names are compared without difference of case."""
    found: dict[tuple[str, ...], tuple[Cells, str]] = {}
    for cells, because in rows:
        found.setdefault(tuple(cells.get(column, "").casefold() for column in columns), (cells, because))
    return list(found.values())


def _write(folder: Path, table: str, rows: Rows, shown: Sequence[str], console: Console) -> Path:
    """Print the rows of a proposal and write it."""
    subject = "status" if table == "status_mappings" else "issue_type"
    printed = new_table(subject.replace("_", " "), "project", *(column.replace("_", " ") for column in shown), "by")
    columns = [column.name for column in next(each for each in TABLES if each.name == table).columns]
    for cells, because in rows:
        printed.add_row(
            *plain(f"{cells['connection']}: {cells[subject]}", cells.get("project")),
            *plain(*(cells[column] for column in shown), because),
        )
    print_table(f"proposed {table.replace('_', ' ')}", printed, console)
    path = folder / f"{table}.csv{PROPOSED}"
    text = "\n".join([",".join(columns), *(csv_line(columns, cells) for cells, _ in rows), ""])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text.encode())
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); make {folder} writable") from None
    return path
