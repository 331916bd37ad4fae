"""`flowlight sql`: a query on the published file, as a table or as CSV."""

from __future__ import annotations

import csv
import sys

import duckdb

from orchestration.errors import InputError
from orchestration.settings import Settings

ROWS_SHOWN = 200
ROWS_AT_ONCE = 10_000


def print_query(settings: Settings, query: str, *, as_csv: bool) -> None:
    """Print the rows of a query on the published file. Raises InputError where there is none or the query is wrong."""
    if not settings.published_file.exists():
        raise InputError(f"nothing is published yet ({settings.published_file} is not there); run `flowlight nightly`")
    try:
        with duckdb.connect(str(settings.published_file.resolve()), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            cursor = connection.execute(query)
            if cursor.description is None:
                return
            _print_csv(cursor) if as_csv else _print_table(cursor)
    except duckdb.Error as error:
        raise InputError(f"sql: {str(error).strip()}") from None


def _print_csv(cursor: duckdb.DuckDBPyConnection) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(column[0] for column in cursor.description or [])
    while rows := cursor.fetchmany(ROWS_AT_ONCE):
        writer.writerows(rows)


def _print_table(cursor: duckdb.DuckDBPyConnection) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    rows = cursor.fetchmany(ROWS_SHOWN + 1)
    table = Table(box=box.SIMPLE_HEAD)
    for column in cursor.description or []:
        numeric = str(column[1]) in ("NUMBER", "BIGINT", "DOUBLE", "INTEGER", "HUGEINT") or "DECIMAL" in str(column[1])
        table.add_column(column[0], justify="right" if numeric else "left", overflow="fold")
    for row in rows[:ROWS_SHOWN]:
        table.add_row(*("" if value is None else str(value) for value in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=max(200, console.width))
    console.print(table, markup=False)
    if len(rows) > ROWS_SHOWN:
        console.print(f"only the first {ROWS_SHOWN} rows are shown; --csv prints all of them", highlight=False)
