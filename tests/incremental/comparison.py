"""Two builds held against each other, row by row: which tables differ, and in which rows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

ROWS_SHOWN = 10
TOLERANCE = 1e-9
Row = tuple[Any, ...]
Read = Callable[[str, Sequence[str], list[Row]], list[Row]]


@dataclass(slots=True)
class Table:
    """A table that differs: the rows that only one side has, at most ten of each, by its key."""

    name: str
    columns: Sequence[str]
    key: Sequence[str]
    left: list[Row]
    right: list[Row]

    def __str__(self) -> str:
        lines = [f"{self.name} differs: {len(self.left)} rows here, {len(self.right)} there; key {list(self.key)}"]
        for side, rows in (("here ", self.left), ("there", self.right)):
            lines += [f"  {side} {self._shown(row)}" for row in rows[:ROWS_SHOWN]]
        return "\n".join(lines)

    def _shown(self, row: Row) -> str:
        return ", ".join(
            f"{name}={value!r}" for name, value in zip(self.columns, row, strict=True) if value is not None
        )


@dataclass(slots=True)
class Comparison:
    """What was compared: rows by table, and the tables that differ."""

    counts: dict[str, int] = field(default_factory=dict)
    different: list[Table] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(str(table) for table in self.different)


def as_they_are(table: str, columns: Sequence[str], rows: list[Row]) -> list[Row]:
    """All rows of a table."""
    del table, columns
    return rows


def compare(
    left: Path,
    right: Path,
    keys: Mapping[str, Sequence[str]],
    *,
    read: Read = as_they_are,
    read_right: Read | None = None,
    schemas: Sequence[str] = (),
) -> Comparison:
    """Hold all tables of two DuckDB files against each other; a table of one side only differs as a whole.

    keys: key columns by table name. read (for the right side: read_right, where given): (table, columns, rows) -> the
    rows to compare. schemas: only these.
    Numbers of type double may differ by rounding (1e-9 of their size): their sums depend on the order of rows.
    """
    result = Comparison()
    sides = [_tables(path, schemas) for path in (left, right)]
    for name in sorted(sides[0].keys() | sides[1].keys()):
        columns = [side.get(name, ([], []))[0] for side in sides]
        rows = [of(name, *side.get(name, ([], []))) for of, side in zip((read, read_right or read), sides, strict=True)]
        result.counts[name] = len(rows[0])
        key = [column for column in keys.get(name.partition(".")[2], columns[0]) if column in columns[0]]
        if columns[0] != columns[1]:
            result.different.append(Table(f"{name} (columns {columns[0]} and {columns[1]})", [], key, [], []))
            continue
        only_left, only_right = _differences(rows[0], rows[1], [columns[0].index(column) for column in key])
        if only_left or only_right:
            result.different.append(Table(name, columns[0], key, only_left, only_right))
    return result


def rows_of(path: Path, query: str) -> list[dict[str, Any]]:
    """The rows of a query on a DuckDB file."""
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _tables(path: Path, schemas: Sequence[str]) -> dict[str, tuple[list[str], list[Row]]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        names = connection.execute(
            """select schema_name, table_name from duckdb_tables()
            where not internal and database_name = current_database() order by all"""
        ).fetchall()
        found = {}
        for schema, table in names:
            if not schemas or schema in schemas:
                cursor = connection.execute(f'select * from "{schema}"."{table}"')
                found[f"{schema}.{table}"] = ([column[0] for column in cursor.description or []], cursor.fetchall())
        return found


def _differences(left: Iterable[Row], right: Iterable[Row], key: Sequence[int]) -> tuple[list[Row], list[Row]]:
    """The rows that only one side has (as often as it has them more often), in the order of their key."""
    counted = [Counter(map(_hashable, rows)) for rows in (left, right)]
    only = [list((counted[a] - counted[b]).elements()) for a, b in ((0, 1), (1, 0))]

    def place(row: Row) -> tuple[str, ...]:
        return tuple(repr(row[index]) for index in key if not isinstance(row[index], float))

    ordered = [sorted(rows, key=lambda row: (place(row), repr(row))) for rows in only]
    partners: dict[tuple[str, ...], list[Row]] = {}
    for row in ordered[1]:
        partners.setdefault(place(row), []).append(row)
    lonely = []
    for row in ordered[0]:
        same = next((other for other in partners.get(place(row), ()) if _equal(row, other)), None)
        if same is None:
            lonely.append(row)
        else:
            partners[place(row)].remove(same)
    return lonely, [row for rows in partners.values() for row in rows]


def _equal(left: Row, right: Row) -> bool:
    return all(a == b or _nearly(a, b) for a, b in zip(left, right, strict=True))


def _nearly(a: Any, b: Any) -> bool:
    if not (isinstance(a, float) and isinstance(b, float)):
        return False
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _hashable(row: Row) -> Row:
    return tuple(repr(value) if isinstance(value, list | dict) else value for value in row)
