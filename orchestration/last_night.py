"""What the last night left in the warehouse, read for `flowlight check`: how many items are behind a status or a type.

The file is opened read-only, never while a nightly runs, and closed after a moment: while it is open no nightly could
write to it, so a shared lock is held that a nightly waits for.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import duckdb

from orchestration.lock import describe, holder_of
from orchestration.settings import Settings

NO_NIGHT = "no night has ended yet"
STAYS = """
from intermediate.int_work_item_status_intervals as stays
inner join intermediate.int_work_item_profiles as profiles
    on stays.item_key = profiles.item_key
    and stays.valid_from < profiles.valid_to and profiles.valid_from < stays.valid_to
"""
UNLISTED_STATUSES = f"""
select
    stays.connection, profiles.project_key as project, stays.status_id, any_value(stays.status_name) as status
{STAYS}
left join raw_jira.statuses as listed on stays.connection = listed.connection and stays.status_id = listed.id
where stays.status_id is not null and listed.id is null
group by all
order by all
"""
ITEMS_IN_STATUSES = f"""
select wanted.number, count(distinct stays.item_key)
{STAYS}
inner join wanted
    on stays.connection = wanted.connection and stays.status_id = wanted.status_id
    and profiles.project_key = wanted.project and profiles.issue_type_id = wanted.issue_type_id
group by wanted.number
"""
ITEMS_OF_TYPES = """
select wanted.number, count(distinct profiles.item_key)
from intermediate.int_work_item_profiles as profiles
inner join wanted
    on profiles.connection = wanted.connection
    and profiles.project_key = wanted.project and profiles.issue_type_id = wanted.issue_type_id
group by wanted.number
"""
COLUMNS = ("connection", "project", "issue_type_id", "status_id")


class NotThere(Exception):
    """Why the last night cannot be looked at; the text is for the user."""


class LastNight:
    """The open warehouse. Every method raises NotThere where a killed night has left its tables unfinished."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        ((moment,),) = self.rows("select max(as_of) from raw_ingestion.settings")
        if moment is None:
            raise NotThere(NO_NIGHT)
        self.as_of: datetime = moment.replace(tzinfo=UTC)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement."""
        try:
            return self._connection.execute(sql, list(parameters)).fetchall()
        except duckdb.CatalogException:
            raise NotThere("the last night did not get to the items") from None
        except duckdb.Error as error:
            raise NotThere(f"the warehouse cannot be read ({str(error).splitlines()[0]})") from None

    def fill(self, table: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
        """A temporary table (columns: type by name) of rows; it lives in memory."""
        shape = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
        self.rows(f"create or replace temp table {table} ({shape})")
        self.rows(
            f"insert into {table} select unnest(from_json($1, $2), recursive := true)",
            [json.dumps([{name: row.get(name) for name in columns} for row in rows]), json.dumps([dict(columns)])],
        )

    def organization(self, table: str) -> list[dict[str, Any]]:
        """The rows of an organisation file as that night read them, with `_line`, in the order of the file."""
        rows = self.rows(f"select payload::varchar from raw_organization.{table}")
        return sorted((json.loads(payload) for (payload,) in rows), key=lambda row: row["_line"])

    def unlisted_statuses(self) -> list[dict[str, str]]:
        """Statuses that items were in and that the tracker no longer lists: connection, project, status_id, status."""
        names = ("connection", "project", "status_id", "status")
        return [dict(zip(names, row, strict=True)) for row in self.rows(UNLISTED_STATUSES)]

    def items_in_statuses(self, groups: Sequence[Sequence[Mapping[str, Any]]]) -> list[int]:
        """How many items were ever in one of a group's (connection, project, issue_type_id, status_id), by group."""
        return self._counted(ITEMS_IN_STATUSES, groups)

    def items_of_types(self, groups: Sequence[Sequence[Mapping[str, Any]]]) -> list[int]:
        """How many items were ever one of a group's (connection, project, issue_type_id), by group."""
        return self._counted(ITEMS_OF_TYPES, groups)

    def _counted(self, sql: str, groups: Sequence[Sequence[Mapping[str, Any]]]) -> list[int]:
        rows = [{"number": number, **row} for number, group in enumerate(groups) for row in group]
        self.fill("wanted", {"number": "INTEGER", **dict.fromkeys(COLUMNS, "VARCHAR")}, rows)
        found = dict(self.rows(sql))
        return [found.get(number, 0) for number in range(len(groups))]


@contextmanager
def last_night(settings: Settings) -> Generator[LastNight]:
    """The last night's warehouse for a moment. Raises NotThere with the reason where there is none to look at now."""
    if not settings.warehouse.is_file():
        raise NotThere(NO_NIGHT)
    with _no_nightly(settings):
        try:
            connection = duckdb.connect(
                str(settings.warehouse), read_only=True, config={"memory_limit": "2GB", "temp_directory": ""}
            )
        except duckdb.Error as error:
            raise NotThere(f"the warehouse cannot be opened ({str(error).splitlines()[0]})") from None
        with connection:
            connection.execute("set TimeZone = 'UTC'")
            yield LastNight(connection)


@contextmanager
def _no_nightly(settings: Settings) -> Generator[None]:
    """Hold the nightly's lock together with other readers."""
    try:
        descriptor = os.open(settings.lock, os.O_RDONLY)
    except OSError:
        raise NotThere(NO_NIGHT) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = describe(holder_of(settings.lock) or {}).split(";")[0]
            raise NotThere(f"{holder}; look again when it has ended") from None
        yield
    finally:
        os.close(descriptor)
