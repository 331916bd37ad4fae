"""The organisation's dated facts: config/organization/*.csv -> validated rows -> `raw_organization.<file>`.

All files are checked together before anything lands; one problem anywhere stops the connection, with every problem
named by file and line, and the last good copy stays in use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingestion.salt import hashed, load_salt
from ingestion.sources.organization_checks import check
from ingestion.sources.organization_columns import Table
from ingestion.sources.organization_reading import Reading, Row, read_table
from ingestion.sources.organization_tables import TABLES
from ingestion.stream import Record, Source, Stream
from ingestion.validation import ConfigError, Problem, suggestion


def read_organization(folder: Path, *, connections: Collection[str] | None = None) -> dict[str, tuple[Row, ...]]:
    """Read and check all organisation files of a folder: rows by table name, every table present.

    `connections` are the names in connections.yml that rules may refer to (None: not checked). Raises ConfigError with
    the problems of all files.
    """
    files = _files(folder)
    names = None if connections is None else tuple(sorted(connections))
    return _checked(folder.name, tuple(sorted(files.items())), names)


def team_names(folder: Path) -> dict[str, str] | None:
    """The ids of teams.csv by id and by name, in lower case, to recognise a team; None where the file cannot be read.

    A name that two teams have had recognises neither.
    """
    reading = Reading(folder.name)
    data = _files(folder).get("teams") if folder.is_dir() else None
    if data is None:
        return None
    read_table(TABLES[0], data, reading)
    if reading.problems:
        return None
    teams: dict[str, set[str]] = {}
    for row in reading.rows["teams"]:
        teams.setdefault((row.values["team_name"] or "").casefold(), set()).add(row.values["team_id"] or "")
    names = {name: min(ids) for name, ids in teams.items() if len(ids) == 1}
    return names | {team.casefold(): team for team in reading.ids("teams")}


def record_id(table: Table, row: Row) -> str:
    """A row's key in the warehouse: a hash of its identifying columns, which survives a change of its other values."""
    parts = "\x1f".join(row.values.get(column) or "" for column in table.identity)
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def _files(folder: Path) -> dict[str, bytes]:
    """The contents of a folder's CSV files by stem."""
    if not folder.is_dir():
        cure = "write it with `flowlight init`, or correct `path` in connections.yml"
        raise ConfigError([Problem(folder.name, None, "", f"there is no folder {folder}; {cure}")])
    try:
        return {path.stem: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix.lower() == ".csv"}
    except OSError as error:
        place = Path(error.filename or folder).name
        raise ConfigError([Problem(f"{folder.name}/{place}", None, "", f"cannot be read ({error.strerror})")]) from None


@lru_cache(maxsize=4)
def _checked(
    folder: str, files: tuple[tuple[str, bytes], ...], connections: tuple[str, ...] | None
) -> dict[str, tuple[Row, ...]]:
    """Parse and check files by their contents: the streams of a run share one reading; an edited file is read anew."""
    contents = dict(files)
    reading = Reading(folder)
    known = [table.name for table in TABLES]
    for name in contents:
        if name not in known:
            reading.problem(name, None, "", f"is no organisation file{suggestion(name, known)}")
    for table in TABLES:
        if table.name in contents:
            read_table(table, contents[table.name], reading)
        elif table.required:
            header = ",".join(column.name for column in table.columns)
            reading.problem(table.name, None, "", f"is required and not there; write it with the header {header}")
            reading.unreadable.add(table.name)
    check(reading, connections)
    if reading.problems:
        order = {f"{folder}/{name}.csv": position for position, name in enumerate(known)}
        raise ConfigError(sorted(reading.problems, key=lambda p: (order.get(p.file, len(order)), p.line or 0)))
    return {table.name: tuple(reading.rows.get(table.name, ())) for table in TABLES}


def _reader(table: Table) -> Callable[[Any, Any, datetime], Iterable[Record]]:
    """The reader of one file's stream."""

    def read(connection: Any, config: Any, as_of: datetime) -> Iterator[Record]:
        del as_of
        names = [each.name for each in config.connections]
        rows = read_organization(connection.path, connections=names)[table.name]
        salt = load_salt(config.data) if table.column("member_id") else b""
        for row in rows:
            if table.column("member_id"):
                hashes = {"member_id": hashed(salt, "member", row.values["member_id"] or "")}
                row = Row(row.line, {**row.values, **hashes})
            yield Record(record_id(table, row), None, {**row.values, "_line": row.line})

    return read


ORGANIZATION = Source(
    "organization", tuple(Stream(table.name, mode="snapshot", reader=_reader(table)) for table in TABLES)
)
