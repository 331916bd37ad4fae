"""`flowlight sql`: a query on the published file, as a table or as CSV."""

from __future__ import annotations

import csv
import sys

import duckdb

from orchestration.errors import InputError
from orchestration.settings import Settings

ROWS_SHOWN = 200
ROWS_AT_ONCE = 10_000
WIDEST = 100_000
NUMBERS = ("NUMBER", "BIGINT", "DOUBLE", "INTEGER", "HUGEINT")


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
    """A table where it fits the terminal, else each row as a block of `column  value` lines; a pipe gets the table."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    names = [column[0] for column in cursor.description or []]
    found = cursor.fetchmany(ROWS_SHOWN + 1)
    rows = [[_text(value) for value in row] for row in found[:ROWS_SHOWN]]
    table = Table(box=box.SIMPLE_HEAD)
    for column in cursor.description or []:
        is_number = str(column[1]) in NUMBERS or "DECIMAL" in str(column[1])
        table.add_column(column[0], justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False)
    width = console.measure(table, options=console.options.update(max_width=WIDEST)).maximum
    if not console.is_terminal:
        console = Console(width=max(width, console.width), highlight=False)
    if width <= console.width:
        console.print(table, markup=False)
    else:
        for row in rows:
            console.print(*(f"{name:{max(map(len, names))}}  {text}" for name, text in zip(names, row, strict=True)),
                          "", sep="\n", markup=False)  # fmt: skip
    if len(found) > ROWS_SHOWN:
        console.print(f"only the first {ROWS_SHOWN} rows are shown; --csv prints all of them")


def _text(value: object) -> str:
    """A value as a person reads it: nothing for null, at most four decimals. `--csv` prints it exactly."""
    if value is None:
        return ""
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
